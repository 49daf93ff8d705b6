"""The checker finds what the journal or the registry lacks."""

from __future__ import annotations

from chaos.check_journal import check_journal, check_registry, lost, written_twice
from tests.unit.chaos_history import (
    BOUNDARY,
    fault,
    history,
    patched,
    read,
    scaled,
    with_registry,
)

APP = BOUNDARY
UP, DOWN = patched(APP, 10, worker=3), patched(APP, 20, worker=1)
UP_EVENT, DOWN_EVENT = scaled(APP, "worker", 1, 3), scaled(APP, "worker", 3, 1)
REDIS = "redis killed, restarted empty"


def missing(run):
    return [violation.what for violation in check_journal(run)]


def test_a_journal_with_every_change_is_right():
    assert missing(history(calls=[UP, DOWN])) == []


def test_a_change_that_is_missing_is_found():
    run = history(calls=[UP, DOWN], events=[DOWN_EVENT])

    assert missing(run) == ["app-00 worker 1 -> 3 at 10.000 s"]


def test_changes_in_the_wrong_order_are_found():
    assert missing(history(calls=[UP, DOWN], events=[DOWN_EVENT, UP_EVENT]))


def test_one_event_does_not_cover_the_same_change_twice():
    run = history(calls=[UP, DOWN, patched(APP, 30, worker=3)], events=[UP_EVENT])

    assert len(missing(run)) == 2


def test_an_event_written_twice_is_counted():
    run = history(calls=[UP, DOWN], events=[UP_EVENT, UP_EVENT, DOWN_EVENT])

    assert missing(run) == []
    assert written_twice(run) == 1


def test_a_change_without_an_answer_needs_its_event():
    unanswered = patched(APP, 10, None, "cut", worker=3)

    assert missing(history(calls=[unanswered], events=[]))


def test_a_change_that_was_refused_needs_no_event():
    refused = patched(APP, 10, 422, "status", worker=3)

    assert missing(history(calls=[refused], events=[])) == []


def test_one_fault_alone_does_not_excuse_a_lost_event():
    for kind in ("worker killed", "redis full", REDIS, "disk full"):
        run = history(calls=[UP], events=[], spans=[fault(kind, 9, 12)])

        assert missing(run), kind


def test_a_dead_database_and_an_emptied_redis_together_may_lose_an_event():
    spans = [fault("postgresql stopped, restarted", 9, 15), fault(REDIS, 11, 13)]
    run = history(calls=[UP], events=[], spans=spans)

    assert missing(run) == []
    assert lost(run) == ["app-00 worker 1 -> 3 at 10.000 s"]


def test_a_lost_answer_and_an_emptied_redis_together_may_lose_an_event():
    unanswered = patched(APP, 10, None, "cut", worker=3)
    run = history(calls=[unanswered], events=[], spans=[fault(REDIS, 11, 13)])

    assert missing(run) == []


def test_a_pending_change_waits_until_heroku_answers():
    """The worker died before it recorded the change, and Redis forgot it."""
    spans = [fault("worker killed", 10, 10.1), fault(REDIS, 48, 50)]

    assert missing(history(calls=[UP], events=[], spans=spans)) == []


def test_a_pending_change_waits_no_longer_once_heroku_answers():
    spans = [fault("worker killed", 10, 10.1), fault(REDIS, 48, 50)]

    assert missing(history(calls=[UP, read(APP, 12)], events=[], spans=spans))


def test_a_redis_emptied_before_the_change_does_not_excuse_a_lost_event():
    spans = [fault("disk full", 3, 15), fault(REDIS, 4, 6)]

    assert missing(history(calls=[UP], events=[], spans=spans))


def test_a_registry_that_changed_is_found():
    run = history()

    assert list(check_registry(run)) == []
    assert list(check_registry(with_registry(run)))
    assert list(check_registry(with_registry(run, "shop", "depot")))

"""The checker finds what the journal or the registry lacks, or has twice."""

from __future__ import annotations

from dataclasses import replace

from chaos.check_journal import check_journal, check_registry
from tests.unit.chaos_history import (
    BOUNDARY,
    by_hand,
    fault,
    history,
    patched,
    scaled,
    with_registry,
)

APP = BOUNDARY
UP, DOWN = patched(APP, 10, worker=3), patched(APP, 20, worker=1)
UP_EVENT = scaled(APP, "worker", 1, 3, 10)
DOWN_EVENT = scaled(APP, "worker", 3, 1, 20)


def wrong(run):
    return [violation.what for violation in check_journal(run)]


def test_a_journal_with_every_change_is_right():
    assert wrong(history(calls=[UP, DOWN])) == []


def test_a_change_that_is_missing_is_found():
    run = history(calls=[UP, DOWN], events=[DOWN_EVENT])

    assert wrong(run) == ["app-00 worker 1 -> 3 at 10.000 s is missing"]


def test_events_may_be_written_in_another_order():
    """One that waited is written after newer ones."""
    assert wrong(history(calls=[UP, DOWN], events=[DOWN_EVENT, UP_EVENT])) == []


def test_one_event_does_not_cover_the_same_change_twice():
    run = history(calls=[UP, DOWN, patched(APP, 30, worker=3)], events=[UP_EVENT])

    assert len(wrong(run)) == 2


def test_an_event_written_twice_is_found():
    again = replace(UP_EVENT, id="another")
    run = history(calls=[UP, DOWN], events=[UP_EVENT, again, DOWN_EVENT])

    assert wrong(run) == ["app-00 worker 1 -> 3 (scaled) is there without a change"]


def test_events_without_an_id_of_their_own_are_found():
    run = history(calls=[UP, DOWN], events=[UP_EVENT, replace(DOWN_EVENT, id=None)])

    assert wrong(run) == ["1 events have the id None"]
    assert wrong(
        history(
            calls=[UP, DOWN], events=[UP_EVENT, replace(DOWN_EVENT, id=UP_EVENT.id)]
        )
    )


def test_a_change_without_an_answer_needs_its_event():
    unanswered = patched(APP, 10, None, "cut", worker=3)

    assert wrong(history(calls=[unanswered], events=[]))


def test_a_change_that_was_refused_needs_no_event():
    refused = patched(APP, 10, 422, "status", worker=3)

    assert wrong(history(calls=[refused], events=[])) == []


def test_no_fault_excuses_a_lost_event():
    kinds = ("worker killed", "redis full", "redis killed, restarted empty")
    spans = [fault(kind, 9, 12) for kind in (*kinds, "disk full")]

    assert wrong(history(calls=[UP], events=[], spans=spans))


def test_after_a_change_by_hand_the_journal_may_know_another_quantity_before():
    hand = by_hand(APP, 5, worker=4)

    assert wrong(history(calls=[UP], hands=[hand], events=[UP_EVENT])) == []
    assert wrong(history(calls=[UP], events=[scaled(APP, "worker", 4, 3)]))


def test_a_change_of_ours_that_is_recorded_as_somebody_elses_is_found():
    told = replace(scaled(APP, "worker", 1, 3), kind="changed_elsewhere")
    hand = by_hand(APP, 5, worker=3)

    assert wrong(history(hands=[hand], events=[told])) == []
    assert wrong(history(calls=[UP], events=[UP_EVENT, told]))


def test_a_change_that_takes_effect_late_has_its_event():
    late = replace(patched(APP, 10, None, "apply_late", worker=3), applied_at=UP.at + 5)

    assert wrong(history(calls=[late], events=[UP_EVENT])) == []
    assert wrong(history(calls=[late], events=[]))


def test_a_registry_that_changed_is_found():
    run = history()

    assert list(check_registry(run)) == []
    assert list(check_registry(with_registry(run)))
    assert list(check_registry(with_registry(run, "shop", "depot")))

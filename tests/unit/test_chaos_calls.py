"""The checker finds calls of Heroku's API that nothing explains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.check_calls import allowance, check_calls, failing, overhead
from chaos.history import Call
from tests.unit.chaos_history import (
    BOUNDARY,
    STEPS,
    asked,
    at,
    by_hand,
    fault,
    history,
    patched,
    polled,
    read,
    unknown,
)

APP = BOUNDARY
THREADS = 2
#: The first read of each run.
FIRST = read(APP, 1)


def wrong(*calls, app=APP, **more):
    run = history(app, calls=calls, answers=polled(app), **more)
    return [violation.what for violation in check_calls(run, THREADS)]


def test_a_call_that_changes_dynos_is_no_overhead():
    calls = [FIRST, patched(APP, 10, worker=3), patched(APP, 20, worker=1)]

    assert overhead(history(calls=calls)) == 1
    assert wrong(*calls) == []


def test_a_change_that_changes_nothing_is_found():
    assert wrong(FIRST, patched(APP, 10, worker=3), patched(APP, 12, worker=3)) == [
        "PATCH of app-00 at 12.000 s: it changes nothing"
    ]


def test_one_that_a_person_made_before_may_change_nothing():
    hand = by_hand(APP, 5, worker=3)

    assert wrong(FIRST, patched(APP, 10, worker=3), hands=[hand]) == []


def test_a_read_without_a_reason_is_found():
    assert wrong(FIRST, read(APP, 5)) == [
        "GET of app-00 at 5.000 s: a read without a reason"
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *("worker killed", "redis killed, restarted empty", "redis full"),
        *("redis back by a second", "clock an hour back"),
    ],
)
def test_what_makes_the_scaler_doubt_explains_one_read(kind):
    span = fault(kind, 3, 4)

    assert wrong(FIRST, read(APP, 5.5), spans=[span]) == []
    assert len(wrong(FIRST, read(APP, 5.5), read(APP, 7), spans=[span])) == 1


def test_a_formation_is_read_again_after_its_time():
    run = replace(
        history(calls=[FIRST, read(APP, 50)], answers=polled(APP)), formation_ttl=60.0
    )

    assert list(check_calls(run, THREADS)) == []


def test_a_read_comes_before_a_change_that_a_guard_concerns():
    first = read(STEPS, 1)
    calls = [read(STEPS, 9.9), patched(STEPS, 10, worker=3)]

    assert wrong(first, *calls, app=STEPS) == []
    assert wrong(first, calls[0], app=STEPS)
    assert wrong(FIRST, read(APP, 9.9), patched(APP, 10, worker=3))


def test_a_change_without_an_answer_is_looked_for_for_a_minute():
    unanswered = patched(APP, 10, None, "reset", worker=3)

    assert wrong(FIRST, unanswered, read(APP, 12), read(APP, 14)) == []


def test_an_app_is_asked_for_before_its_dynos_are_started_without_a_count():
    calls = [FIRST, asked(APP, 9.9), patched(APP, 10, worker=3)]
    answers = [*polled(APP), unknown(APP, 9.5)]
    run = history(calls=calls, answers=sorted(answers, key=lambda a: a.at))

    assert list(check_calls(run, THREADS)) == []
    assert wrong(*calls) == [
        "GET of app-00 at 9.900 s: a read of the app that no change needs"
    ]


def test_a_failing_heroku_is_tried_now_and_then():
    span = fault("heroku 500", 10, 14)
    tries = [Call(at(s), "PATCH", "app-00", 500, "status") for s in (10, 11, 12)]

    assert allowance(span, THREADS) == 3
    assert failing(history(calls=tries), span) == tries
    assert wrong(FIRST, *tries, spans=[span]) == []
    assert wrong(FIRST, *tries, tries[0], spans=[span]) == [
        "'heroku 500' at 10.0 s met 4 calls, at most 3 are allowed"
    ]


def test_a_refused_app_is_tried_four_times():
    assert allowance(fault("heroku refuses 403", 1, 9, APP), THREADS) == 4

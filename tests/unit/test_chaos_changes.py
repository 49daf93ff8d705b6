"""The checker finds each change that no count explains, and no other."""

from __future__ import annotations

import pytest

from chaos.check_changes import check_changes
from tests.unit.chaos_history import (
    ANY_COUNT,
    BOUNDARY,
    FALLBACK,
    RANGE,
    STEPS,
    WEB,
    WINDOW,
    answered,
    fault,
    history,
    patched,
    unknown,
)

DOWN = "never scales down on an unknown count"
UNKNOWN = "scales only on a valid count"
POLICY = "scales only as the policy allows"
FOREIGN = "dynos are changed by the scaler and by people alone"


def violated(run):
    """Return the invariants of changes that a run violates."""
    return [violation.invariant for violation in check_changes(run)]


@pytest.mark.parametrize(
    ("app", "count", "before", "after"),
    [
        pytest.param(BOUNDARY, 25, 1, 3, id="25 / 10 is 3"),
        pytest.param(BOUNDARY, 0, 3, 0, id="a valid 0 stops all dynos"),
        pytest.param(ANY_COUNT, 59, 0, 1, id="one dyno for any count"),
        pytest.param(RANGE, 60, 1, 4, id="4 at most"),
        pytest.param(RANGE, 0, 4, 1, id="1 at least"),
        pytest.param(STEPS, 60, 1, 3, id="2 more at once"),
        pytest.param(STEPS, 0, 5, 4, id="1 fewer at once"),
        pytest.param(FALLBACK, 5, 4, 1, id="a valid count ends a fallback"),
    ],
)
def test_a_change_that_a_count_explains_is_right(app, count, before, after):
    run = history(
        app,
        first={"worker": before, "mailer": 1},
        answers=[answered(app, 1, worker=count, mailer=3)],
        calls=[patched(app, 1.1, worker=after)],
    )

    assert violated(run) == []


@pytest.mark.parametrize(
    ("app", "count", "before", "after"),
    [
        pytest.param(BOUNDARY, 25, 1, 2, id="too few"),
        pytest.param(BOUNDARY, 25, 3, 2, id="down without a reason"),
        pytest.param(ANY_COUNT, 59, 0, 2, id="two dynos for any count"),
        pytest.param(RANGE, 60, 1, 5, id="more than the most"),
        pytest.param(RANGE, 0, 4, 0, id="less than the fewest"),
        pytest.param(STEPS, 60, 1, 4, id="too large a step up"),
        pytest.param(STEPS, 0, 5, 3, id="too large a step down"),
    ],
)
def test_a_change_against_the_policy_is_found(app, count, before, after):
    run = history(
        app,
        first={"worker": before, "mailer": 1},
        answers=[answered(app, 1, worker=count, mailer=3)],
        calls=[patched(app, 1.1, worker=after)],
    )

    assert violated(run) == [POLICY]


def test_a_change_that_failed_is_checked_too():
    run = history(
        answers=[answered(BOUNDARY, 1, worker=25)],
        calls=[patched(BOUNDARY, 1.1, status=503, fault="status", worker=9)],
    )

    assert violated(run) == [POLICY]


def test_a_change_on_an_unknown_count_is_found():
    """The previous count does not count once the app has failed."""
    answers = [answered(BOUNDARY, 1, worker=0), unknown(BOUNDARY, 3)]
    down = history(answers=answers, calls=[patched(BOUNDARY, 3.1, worker=0)])
    up = history(answers=answers, calls=[patched(BOUNDARY, 3.1, worker=2)])

    assert violated(down) == [DOWN]
    assert violated(up) == [UNKNOWN]


def test_a_change_on_an_unknown_count_beside_a_known_one_is_found():
    run = history(
        answers=[answered(BOUNDARY, 1, "app null", worker=None, mailer=25)],
        calls=[patched(BOUNDARY, 1.1, worker=0, mailer=3)],
    )

    assert violated(run) == [DOWN]


def test_a_change_before_any_answer_is_found():
    assert violated(history(calls=[patched(BOUNDARY, 1, worker=0)])) == [DOWN]


@pytest.mark.parametrize(
    ("failures", "after", "expected"),
    [
        pytest.param(3, 4, [], id="after three"),
        pytest.param(2, 4, [UNKNOWN], id="too early"),
        pytest.param(3, 5, [UNKNOWN], id="another quantity"),
        pytest.param(3, 0, [DOWN], id="it only adds"),
    ],
)
def test_a_fallback_adds_its_dynos_after_three_unknowns(failures, after, expected):
    answers = [
        answered(FALLBACK, 0),
        *(unknown(FALLBACK, 2 + n) for n in range(failures)),
    ]
    run = history(FALLBACK, answers=answers, calls=[patched(FALLBACK, 9, worker=after)])

    assert violated(run) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(6, [POLICY], id="3, reported 6 s ago, still counts"),
        pytest.param(14, [], id="it has left the window"),
    ],
)
def test_a_window_keeps_dynos_for_its_time(seconds, expected):
    later = [answered(WINDOW, 1 + n, worker=5) for n in range(1, int(seconds), 2)]
    run = history(
        WINDOW,
        first={"worker": 3, "mailer": 1},
        answers=[
            answered(WINDOW, 1, worker=25),
            *later,
            answered(WINDOW, seconds, worker=5),
        ],
        calls=[patched(WINDOW, seconds + 1.1, worker=1)],
    )

    assert violated(run) == expected


def test_a_window_may_be_forgotten_during_a_fault_of_redis():
    run = history(
        WINDOW,
        first={"worker": 3, "mailer": 1},
        answers=[answered(WINDOW, 1, worker=25), answered(WINDOW, 7, worker=5)],
        calls=[patched(WINDOW, 7.1, worker=1)],
        spans=[fault("redis full", 0, 2)],
    )

    assert violated(run) == []


def test_a_clock_that_jumps_ahead_ends_a_window_and_one_that_jumps_back_does_not():
    def run(kind):
        return history(
            WINDOW,
            first={"worker": 3, "mailer": 1},
            answers=[answered(WINDOW, 1, worker=25), answered(WINDOW, 7, worker=5)],
            calls=[patched(WINDOW, 7.1, worker=1)],
            spans=[fault(kind, 6.5, 12)],
        )

    assert violated(run("clock an hour ahead")) == []
    assert violated(run("clock an hour back")) == [POLICY]


def test_the_last_web_dyno_stays():
    answers = [answered(WEB, 1, web=0, worker=0)]
    kept = history(
        WEB,
        first={"web": 2, "worker": 1},
        answers=answers,
        calls=[patched(WEB, 1.1, web=1)],
    )
    stopped = history(WEB, answers=answers, calls=[patched(WEB, 1.1, web=0)])

    assert violated(kept) == []
    assert violated(stopped) == [POLICY]


def test_a_limit_that_heroku_named_explains_fewer():
    refusal = fault("heroku refuses 422 with a limit", 0, 8, BOUNDARY, limit=3)
    answers = [answered(BOUNDARY, 1, worker=55)]
    asked = [patched(BOUNDARY, 1.1, worker=3)]

    assert violated(history(answers=answers, calls=asked, spans=[refusal])) == []
    assert violated(history(answers=answers, calls=asked)) == [POLICY]


def test_a_limit_never_explains_scaling_down():
    run = history(
        first={"worker": 4, "mailer": 1},
        answers=[answered(BOUNDARY, 1, worker=55)],
        calls=[patched(BOUNDARY, 1.1, worker=3)],
        spans=[fault("heroku refuses 422 with a limit", 0, 8, BOUNDARY, limit=3)],
    )

    assert violated(run) == [POLICY]


def test_dynos_that_changed_without_a_call_are_found():
    run = history(last={"worker": 2, "mailer": 1})

    assert violated(run) == [FOREIGN]


def test_a_change_without_an_answer_may_have_been_applied():
    run = history(
        answers=[answered(BOUNDARY, 1, worker=25), answered(BOUNDARY, 3, worker=25)],
        calls=[patched(BOUNDARY, 1.1, None, "apply_then_reset", worker=3)],
        last={"worker": 3, "mailer": 1},
    )

    assert violated(run) == []


def test_the_evidence_shows_what_happened():
    run = history(
        answers=[answered(BOUNDARY, 1, worker=5), unknown(BOUNDARY, 3)],
        calls=[patched(BOUNDARY, 3.1, worker=0)],
        spans=[fault("app 500", 2, 8, BOUNDARY)],
    )
    [violation] = check_changes(run)

    assert str(violation).splitlines() == [
        f"{DOWN}: app-00 worker 1 -> 0 at 3.100 s: its count was unknown",
        "     1.000 s  answer healthy {'worker': 5}",
        "     3.000 s  answer app 500 {'worker': 'unknown', 'mailer': 'unknown'}",
        "     3.100 s  PATCH app-00 {'worker': 0} applied 200",
        "     2.000 s  fault app 500 of app-00, until 8.000 s",
    ]

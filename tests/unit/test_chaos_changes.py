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
    fault,
    history,
    patched,
    told,
    unknown,
)

DOWN = "nothing moves down on an unknown"
UNKNOWN = "nothing moves but on a valid count"
POLICY = "nothing moves but as its policy says"
FOREIGN = "changes are the scaler's"


def promises(run):
    """Return which promises of changes a run breaks."""
    return [violation.promise for violation in check_changes(run)]


@pytest.mark.parametrize(
    ("app", "count", "before", "after"),
    [
        pytest.param(BOUNDARY, 25, 1, 3, id="25 / 10 is 3"),
        pytest.param(BOUNDARY, 0, 3, 0, id="a valid 0 stops all"),
        pytest.param(ANY_COUNT, 59, 0, 1, id="one dyno for any count"),
        pytest.param(RANGE, 60, 1, 4, id="4 at most"),
        pytest.param(RANGE, 0, 4, 1, id="1 at least"),
        pytest.param(STEPS, 60, 1, 3, id="2 more at once"),
        pytest.param(STEPS, 0, 5, 4, id="1 fewer at once"),
        pytest.param(FALLBACK, 5, 4, 1, id="a valid count ends a fallback"),
    ],
)
def test_a_change_that_its_count_explains_is_right(app, count, before, after):
    run = history(
        app,
        first={"worker": before, "mailer": 1},
        answers=[told(app, 1, worker=count, mailer=3)],
        calls=[patched(app, 1.1, worker=after)],
    )

    assert promises(run) == []


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
        answers=[told(app, 1, worker=count, mailer=3)],
        calls=[patched(app, 1.1, worker=after)],
    )

    assert promises(run) == [POLICY]


def test_a_change_that_was_asked_for_in_vain_is_looked_at_as_well():
    run = history(
        answers=[told(BOUNDARY, 1, worker=25)],
        calls=[patched(BOUNDARY, 1.1, status=503, fault="status", worker=9)],
    )

    assert promises(run) == [POLICY]


def test_a_move_on_an_unknown_is_found():
    """The count of before does not count once the app has failed."""
    answers = [told(BOUNDARY, 1, worker=0), unknown(BOUNDARY, 3)]
    down = history(answers=answers, calls=[patched(BOUNDARY, 3.1, worker=0)])
    up = history(answers=answers, calls=[patched(BOUNDARY, 3.1, worker=2)])

    assert promises(down) == [DOWN]
    assert promises(up) == [UNKNOWN]


def test_a_move_of_an_unknown_beside_a_known_one_is_found():
    run = history(
        answers=[told(BOUNDARY, 1, "app null", worker=None, mailer=25)],
        calls=[patched(BOUNDARY, 1.1, worker=0, mailer=3)],
    )

    assert promises(run) == [DOWN]


def test_a_move_before_any_answer_is_found():
    assert promises(history(calls=[patched(BOUNDARY, 1, worker=0)])) == [DOWN]


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
    answers = [told(FALLBACK, 0), *(unknown(FALLBACK, 2 + n) for n in range(failures))]
    run = history(FALLBACK, answers=answers, calls=[patched(FALLBACK, 9, worker=after)])

    assert promises(run) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(6, [POLICY], id="3, reported 6 s ago, still counts"),
        pytest.param(14, [], id="it has left the window"),
    ],
)
def test_a_window_keeps_dynos_for_its_time(seconds, expected):
    quiet = [told(WINDOW, 1 + n, worker=5) for n in range(1, int(seconds), 2)]
    run = history(
        WINDOW,
        first={"worker": 3, "mailer": 1},
        answers=[told(WINDOW, 1, worker=25), *quiet, told(WINDOW, seconds, worker=5)],
        calls=[patched(WINDOW, seconds + 1.1, worker=1)],
    )

    assert promises(run) == expected


def test_a_window_is_not_counted_on_while_redis_was_in_trouble():
    run = history(
        WINDOW,
        first={"worker": 3, "mailer": 1},
        answers=[told(WINDOW, 1, worker=25), told(WINDOW, 7, worker=5)],
        calls=[patched(WINDOW, 7.1, worker=1)],
        spans=[fault("redis full", 0, 2)],
    )

    assert promises(run) == []


def test_a_clock_that_jumps_ahead_ends_a_window_and_one_that_jumps_back_does_not():
    def run(kind):
        return history(
            WINDOW,
            first={"worker": 3, "mailer": 1},
            answers=[told(WINDOW, 1, worker=25), told(WINDOW, 7, worker=5)],
            calls=[patched(WINDOW, 7.1, worker=1)],
            spans=[fault(kind, 6.5, 12)],
        )

    assert promises(run("clock an hour ahead")) == []
    assert promises(run("clock an hour back")) == [POLICY]


def test_the_last_web_dyno_stays():
    answers = [told(WEB, 1, web=0, worker=0)]
    kept = history(
        WEB,
        first={"web": 2, "worker": 1},
        answers=answers,
        calls=[patched(WEB, 1.1, web=1)],
    )
    stopped = history(WEB, answers=answers, calls=[patched(WEB, 1.1, web=0)])

    assert promises(kept) == []
    assert promises(stopped) == [POLICY]


def test_a_limit_that_heroku_named_explains_fewer():
    refusal = fault("heroku refuses 422 with a limit", 0, 8, BOUNDARY, limit=3)
    answers = [told(BOUNDARY, 1, worker=55)]
    asked = [patched(BOUNDARY, 1.1, worker=3)]

    assert promises(history(answers=answers, calls=asked, spans=[refusal])) == []
    assert promises(history(answers=answers, calls=asked)) == [POLICY]


def test_a_limit_never_explains_scaling_down():
    run = history(
        first={"worker": 4, "mailer": 1},
        answers=[told(BOUNDARY, 1, worker=55)],
        calls=[patched(BOUNDARY, 1.1, worker=3)],
        spans=[fault("heroku refuses 422 with a limit", 0, 8, BOUNDARY, limit=3)],
    )

    assert promises(run) == [POLICY]


def test_dynos_that_changed_without_a_call_are_found():
    run = history(last={"worker": 2, "mailer": 1})

    assert promises(run) == [FOREIGN]


def test_a_change_that_got_no_answer_was_made_all_the_same():
    run = history(
        answers=[told(BOUNDARY, 1, worker=25), told(BOUNDARY, 3, worker=25)],
        calls=[patched(BOUNDARY, 1.1, None, "apply_then_reset", worker=3)],
        last={"worker": 3, "mailer": 1},
    )

    assert promises(run) == []


def test_the_evidence_shows_what_happened():
    run = history(
        answers=[told(BOUNDARY, 1, worker=5), unknown(BOUNDARY, 3)],
        calls=[patched(BOUNDARY, 3.1, worker=0)],
        spans=[fault("app 500", 2, 8, BOUNDARY)],
    )
    [violation] = check_changes(run)

    assert str(violation).splitlines() == [
        f"{DOWN}: app-00 worker 1 -> 0 at 3.100 s: its count was unknown",
        "     1.000 s  answer healthy {'worker': 5}",
        "     3.000 s  answer app 500 {'worker': 'unknown', 'mailer': 'unknown'}",
        "     3.100 s  PATCH app-00 {'worker': 0} made 200",
        "     2.000 s  fault app 500 of app-00, until 8.000 s",
    ]

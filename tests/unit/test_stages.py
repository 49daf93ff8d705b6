"""Each stage of a decision, alone, in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.core.app_state import Past
from scalar.core.decision.bounds import bounds, clamp, keep_last_dyno, keep_to_limit
from scalar.core.decision.damp import cool_down, limit_step, stabilize
from scalar.core.decision.decide import decide
from scalar.core.decision.observation import Observation
from scalar.core.decision.protect import (
    keep_until_empty,
    pause,
    respect_manual_change,
    wait_after_release,
)
from scalar.core.decision.recommend import recommend, tolerate, wake
from scalar.core.drain_time import Drained
from scalar.core.policy.policy import Policy
from scalar.core.policy.schedule_text import read_schedule
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from scalar.core.recommendation_window import Slice
from tests.unit.deciding import NOON, decided

MINUTE = timedelta(minutes=1)


def ago(**span):
    return NOON - timedelta(**span)


def seen(quantity, count=0, at=NOON, **facts):
    """Return an observation; attributes of its `Past` are given directly."""
    of_past = {key: facts.pop(key) for key in list(facts) if key in Past.__slots__}
    return Observation(count, quantity, at, past=Past(**of_past), **facts)


def learned(jobs, dyno_seconds, falls=10):
    return Drained(NOON, 0, 1, jobs=jobs, dyno_seconds=dyno_seconds, falls=falls)


@pytest.mark.parametrize(
    ("policy", "count", "dynos"),
    [
        pytest.param(Policy(10), 0, 0, id="nothing"),
        pytest.param(Policy(10), 0.5, 1, id="half a job"),
        pytest.param(Policy(10), 10, 1, id="exactly one dyno's"),
        pytest.param(Policy(10), 11, 2, id="one more"),
        pytest.param(Policy(0), 999, 1, id="boundary 0"),
    ],
)
def test_the_boundary_recommends(policy, count, dynos):
    step = recommend(policy, seen(7, count), 7)

    assert (step.quantity, step.reason) == (dynos, Reason.RECOMMENDED)
    assert step.detail == f"count {count} / boundary {policy.boundary}"


@pytest.mark.parametrize(
    ("rate", "drained", "dynos"),
    [
        pytest.param(0.5, None, 5, id="measured: 1500 / (0.5 * 600)"),
        pytest.param(None, learned(10, 10), 3, id="learned: 1500 / (1 * 600)"),
        pytest.param(0.5, learned(10, 10), 5, id="measured wins over learned"),
    ],
)
def test_the_drain_time_recommends(rate, drained, dynos):
    policy = Policy(10, drain_time=10 * MINUTE, jobs_per_second=rate)
    step = recommend(policy, seen(7, 1500, drained=drained), 7)

    assert (step.quantity, step.reason) == (dynos, Reason.DRAIN_TIME)


@pytest.mark.parametrize(
    ("drained", "falls"),
    [(None, 0), (learned(10, 10, falls=9), 9), (learned(0, 10), 10)],
    ids=["nothing seen", "one fall too few", "a rate of 0"],
)
@pytest.mark.parametrize(
    ("count", "dynos"),
    [(0, 0), (1, 7), (70, 7), (71, 8)],
    ids=["empty", "one job", "as many as now", "more than now"],
)
def test_without_a_rate_the_boundary_may_add_dynos_and_stop_idle_ones(
    drained, falls, count, dynos
):
    policy = Policy(10, drain_time=10 * MINUTE)
    step = recommend(policy, seen(7, count, drained=drained), 7)

    assert (step.quantity, step.reason) == (dynos, Reason.NOT_ENOUGH_HISTORY)
    assert f"{falls} seen" in step.detail


@pytest.mark.parametrize(
    ("tolerance", "count", "dynos"),
    [
        pytest.param(0.1, 89, 9, id="below the band"),
        pytest.param(0.1, 90, 10, id="its lower end"),
        pytest.param(0.1, 110, 10, id="its upper end"),
        pytest.param(0.1, 110.5, 12, id="above the band"),
        pytest.param(0.3, 130, 10, id="0.3, which no float is exactly"),
        pytest.param(0.3, 70, 10, id="0.3 below"),
        pytest.param(0.99, 1, 10, id="one job left"),
        pytest.param(0.99, 0, 0, id="none left"),
        pytest.param(0.0, 101, 11, id="no tolerance"),
    ],
)
def test_a_count_near_to_what_the_dynos_carry_changes_nothing(tolerance, count, dynos):
    policy = Policy(10, tolerance=tolerance)
    facts = seen(10, count)
    recommended = recommend(policy, facts, 10).quantity

    assert tolerate(policy, facts, recommended).quantity == dynos


@pytest.mark.parametrize(
    ("values", "count", "dynos"),
    [
        pytest.param({"tolerance": 0.3, "tolerance_up": 0.0}, 41, 5, id="the 41st job"),
        pytest.param({"tolerance": 0.3, "tolerance_up": 0.0}, 29, 4, id="below"),
        pytest.param({"tolerance_down": 0.3}, 29, 4, id="only below"),
        pytest.param({"tolerance_down": 0.3}, 41, 5, id="not above"),
        pytest.param({"tolerance_down": 0.3}, 27, 3, id="too far below"),
        pytest.param({"tolerance": 0.3, "tolerance_down": 0.0}, 51, 4, id="only above"),
    ],
)
def test_the_tolerance_may_differ_above_and_below(values, count, dynos):
    policy = Policy(10, **values)
    wanted = -(-count // 10)

    assert tolerate(policy, seen(4, count), wanted).quantity == dynos


def test_the_tolerance_is_told_as_it_was_set():
    step = tolerate(Policy(10, tolerance=0.125), seen(10, 105), 11)

    assert step.detail == "count 105 is within 12.5 % of 100"


@pytest.mark.parametrize(
    ("count", "quantity", "dynos"),
    [(0, 0, 0), (0.1, 1, 4), (90, 9, 9)],
    ids=["asleep", "woken", "more are wanted"],
)
def test_a_count_wakes_so_many_at_least(count, quantity, dynos):
    assert wake(Policy(wake_dynos=4), seen(0, count), quantity).quantity == dynos


@pytest.mark.parametrize(
    ("policy", "count", "quantity", "dynos"),
    [
        pytest.param(Policy(down_when_empty=True), 1, 2, 7, id="busy"),
        pytest.param(Policy(down_when_empty=True), 0, 0, 0, id="empty"),
        pytest.param(Policy(down_when_empty=True), 90, 9, 9, id="up"),
        pytest.param(Policy(), 1, 2, 2, id="not asked for"),
    ],
)
def test_busy_dynos_are_kept(policy, count, quantity, dynos):
    assert keep_until_empty(policy, seen(7, count), quantity).quantity == dynos


def slice_of(lowest, highest, **span):
    return Slice(ago(**span), ago(**span), lowest, highest)


WINDOWS = Policy(stabilization_up=MINUTE, stabilization_down=5 * MINUTE)


@pytest.mark.parametrize(
    ("remembered", "quantity", "dynos"),
    [
        pytest.param([(6, 6, 10)], 9, 6, id="up: the lowest"),
        pytest.param([(2, 2, 10)], 9, 5, id="up: never below the current"),
        pytest.param([(6, 6, 60), (8, 8, 10)], 9, 8, id="up: a minute ago is too old"),
        pytest.param([(1, 4, 200)], 2, 4, id="down: the highest"),
        pytest.param([(9, 9, 200)], 2, 5, id="down: never above the current"),
        pytest.param([(4, 4, 300), (3, 3, 10)], 2, 3, id="down: 5 min is too old"),
        pytest.param([], 9, 5, id="up: nothing is known"),
        pytest.param([], 2, 5, id="down: nothing is known"),
        pytest.param([(9, 9, -10)], 2, 5, id="down: only the future is known"),
        pytest.param([(9, 9, 999), (3, 3, 600)], 2, 3, id="down: the newest one"),
        pytest.param([(6, 6, 999), (7, 7, 600)], 9, 7, id="up: the newest one"),
        pytest.param([(2, 9, 10)], 5, 5, id="no change"),
    ],
)
def test_the_recommendation_that_changes_least_counts(remembered, quantity, dynos):
    slices = tuple(slice_of(low, high, seconds=s) for low, high, s in remembered)
    facts = seen(5, recommended_up=slices, recommended_down=slices)

    assert stabilize(WINDOWS, facts, quantity).quantity == dynos


@pytest.mark.parametrize("quantity", [2, 9], ids=["down", "up"])
def test_after_unknown_counts_what_is_too_old_does_not_count(quantity):
    old = (slice_of(quantity, quantity, minutes=30),)
    facts = seen(5, recommended_up=old, recommended_down=old, interrupted=True)
    step = stabilize(WINDOWS, facts, quantity)

    assert step.quantity == 5
    assert step.detail.endswith("with no history yet")


@pytest.mark.parametrize("quantity", [0, 5, 9])
def test_without_windows_nothing_is_stabilized(quantity):
    assert stabilize(Policy(), seen(5), quantity).quantity == quantity


@pytest.mark.parametrize(
    ("quantity", "dynos"),
    [(99, 13), (13, 13), (11, 11), (10, 10), (9, 9), (8, 8), (0, 8)],
)
def test_a_step_is_limited(quantity, dynos):
    policy = Policy(max_step_up=3, max_step_down=2)

    assert limit_step(policy, seen(10), quantity).quantity == dynos
    assert limit_step(Policy(), seen(10), quantity).quantity == quantity


@pytest.mark.parametrize(
    ("quantity", "dynos", "detail"),
    [
        (1, 2, "at least 2"),
        (2, 2, ""),
        (5, 5, ""),
        (6, 5, "at most 5"),
    ],
)
def test_the_range_is_kept(quantity, dynos, detail):
    step = clamp(Policy(min_dynos=2, max_dynos=5), seen(3), quantity)

    assert (step.quantity, step.detail) == (dynos, detail)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param("min=3 max=4", (3, 4), id="both"),
        pytest.param("min=3", (3, 5), id="fewest only"),
        pytest.param("max=3", (2, 3), id="most only"),
        pytest.param("max=0 min=0", (0, 0), id="none at all"),
    ],
)
def test_a_window_has_its_own_range(window, expected):
    schedule = read_schedule(f"UTC: daily 12:00-13:00 {window}")
    policy = Policy(min_dynos=2, max_dynos=5, schedule=schedule)

    assert bounds(policy, NOON)[:2] == expected
    assert bounds(policy, NOON + 60 * MINUTE) == (2, 5, None)


@pytest.mark.parametrize(
    ("current", "keeps_one", "may_sleep", "dynos"),
    [
        pytest.param(3, True, False, 1, id="of three"),
        pytest.param(1, True, False, 1, id="of one"),
        pytest.param(0, True, False, 0, id="switched off"),
        pytest.param(3, True, True, 0, id="may sleep"),
        pytest.param(3, False, False, 0, id="another process type"),
    ],
)
def test_the_last_web_dyno_is_kept(current, keeps_one, may_sleep, dynos):
    web = seen(current, keeps_one=keeps_one)

    assert keep_last_dyno(Policy(may_sleep=may_sleep), web, 0).quantity == dynos


@pytest.mark.parametrize(
    ("limit", "quantity", "dynos", "detail"),
    [
        pytest.param(4, 9, 4, "Heroku allows 4", id="above"),
        pytest.param(4, 3, 3, "Heroku allows 4", id="within"),
        pytest.param(2, 9, 3, "Heroku allows 2", id="runs more already"),
        pytest.param(
            None, 9_999, 1_000, "more than 1000 are never requested", id="absurd"
        ),
    ],
)
def test_what_heroku_allows_is_kept(limit, quantity, dynos, detail):
    step = keep_to_limit(Policy(), seen(3, limit=limit), quantity)

    assert (step.quantity, step.detail) == (dynos, detail)


COOL = Policy(cooldown_up=MINUTE, cooldown_down=5 * MINUTE)


@pytest.mark.parametrize(
    ("facts", "quantity", "dynos"),
    [
        pytest.param({"scaled_up_at": ago(seconds=59)}, 9, 5, id="up after up"),
        pytest.param({"scaled_up_at": ago(seconds=60)}, 9, 9, id="up, it is over"),
        pytest.param({"scaled_down_at": ago(seconds=1)}, 9, 9, id="up after down"),
        pytest.param({"since": ago(seconds=1)}, 9, 9, id="up after a loss"),
        pytest.param({"scaled_up_at": ago(seconds=299)}, 2, 5, id="down after up"),
        pytest.param({"scaled_down_at": ago(seconds=299)}, 2, 5, id="down after down"),
        pytest.param({"since": ago(seconds=299)}, 2, 5, id="down after a loss"),
        pytest.param({"scaled_up_at": ago(seconds=300)}, 2, 2, id="down, it is over"),
        pytest.param({}, 2, 2, id="down, nothing ever changed"),
        pytest.param({"scaled_up_at": ago(seconds=-9)}, 9, 5, id="up, a future time"),
        pytest.param({"since": ago(seconds=-9)}, 2, 5, id="down, a future time"),
        pytest.param(
            {"scaled_down_at": ago(seconds=9), "since": ago(seconds=-9)},
            2,
            5,
            id="a future time hides no other",
        ),
    ],
)
def test_a_change_is_followed_by_a_cooldown(facts, quantity, dynos):
    assert cool_down(COOL, seen(5, **facts), quantity).quantity == dynos


@pytest.mark.parametrize(
    ("current", "quantity", "dynos"),
    [(1, 9, 3), (9, 2, 6), (4, 9, 4), (4, 3, 4)],
    ids=["up to the fewest", "down to the most", "stays", "stays, down"],
)
def test_a_cooldown_leaves_no_dynos_outside_the_range(current, quantity, dynos):
    policy = Policy(
        min_dynos=3, max_dynos=6, cooldown_up=MINUTE, cooldown_down=5 * MINUTE
    )
    facts = seen(current, scaled_up_at=ago(seconds=1))

    assert cool_down(policy, facts, quantity).quantity == dynos


@pytest.mark.parametrize("quantity", [2, 9], ids=["down", "up"])
@pytest.mark.parametrize(
    ("when", "is_kept"),
    [
        (ago(minutes=0), True),
        (ago(seconds=3_599), True),
        (ago(hours=1), False),
        (ago(seconds=-1), True),
        (None, False),
    ],
    ids=["now", "just before its end", "at its end", "in the future", "never"],
)
def test_a_persons_change_is_kept_for_the_lease(quantity, when, is_kept):
    policy = Policy(manual_lease=60 * MINUTE)
    step = respect_manual_change(policy, seen(5, changed_by_hand_at=when), quantity)

    assert step.quantity == (5 if is_kept else quantity)


@pytest.mark.parametrize(
    ("policy", "quantity", "dynos"),
    [
        pytest.param(Policy(pause_up=NOON + MINUTE), 9, 5, id="up"),
        pytest.param(Policy(pause_up=NOON + MINUTE), 2, 2, id="up, but down"),
        pytest.param(Policy(pause_down=NOON + MINUTE), 2, 5, id="down"),
        pytest.param(Policy(pause_down=NOON + MINUTE), 9, 9, id="down, but up"),
        pytest.param(Policy(pause_up=NOON), 9, 9, id="over"),
        pytest.param(Policy(), 9, 9, id="none"),
    ],
)
def test_a_pause_holds_one_direction_until_its_end(policy, quantity, dynos):
    assert pause(policy, seen(5), quantity).quantity == dynos


def test_a_pause_tells_its_direction_and_its_end():
    end = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)
    for_ever = datetime.max.replace(tzinfo=UTC)

    up = pause(Policy(pause_up=end), seen(5), 9)
    assert up.detail == "scaling up is paused until 2026-01-01 18:30 UTC"
    down = pause(Policy(pause_down=for_ever), seen(5), 2)
    assert down.detail == "scaling down is paused"


GRACE = Policy(max_dynos=8, release_grace=10 * MINUTE)


@pytest.mark.parametrize(
    ("released_at", "current", "quantity", "dynos"),
    [
        pytest.param(ago(minutes=9), 5, 2, 5, id="lately"),
        pytest.param(ago(minutes=10), 5, 2, 2, id="it is over"),
        pytest.param(None, 5, 2, 5, id="not known"),
        pytest.param(ago(minutes=9), 5, 7, 7, id="up"),
        pytest.param(ago(minutes=9), 9, 2, 8, id="down into the range"),
        pytest.param(None, 9, 2, 8, id="not known, down into the range"),
    ],
)
def test_after_a_release_nothing_is_removed(released_at, current, quantity, dynos):
    facts = seen(current, released_at=released_at)

    assert wait_after_release(GRACE, facts, quantity).quantity == dynos


@pytest.mark.parametrize(
    ("released_at", "asks"),
    [(None, True), (ago(minutes=9), False), (ago(minutes=11), True)],
    ids=["not known", "known to be lately", "there may be another since"],
)
def test_the_release_is_asked_for_only_where_the_answer_could_change_it(
    released_at, asks
):
    decision = decided(
        Policy(10, release_grace=10 * MINUTE), 0, 5, released_at=released_at
    )

    assert decision.asks_for_release == asks


@pytest.mark.parametrize(
    ("span", "shown"),
    [(1, "59 s"), (0, "60 s")],
)
def test_what_is_left_is_told(span, shown):
    facts = seen(5, scaled_up_at=ago(seconds=span))

    assert cool_down(COOL, facts, 9).detail == f"{shown} left after the last scale up"


def test_the_stages_come_in_their_order():
    """1000 jobs want 100 dynos: the window allows 50, the step 30, the range 20."""
    policy = Policy(
        10,
        stabilization_up=MINUTE,
        max_step_up=30,
        max_dynos=20,
        pause_up=NOON + MINUTE,
    )
    past = Past(recommended_up=(slice_of(50, 50, seconds=10),))
    decision = decided(policy, 1000, 1, limit=15, past=past)

    assert [(step.quantity, step.reason) for step in decision.trail] == [
        (100, Reason.RECOMMENDED),
        (50, Reason.SCALE_UP_STABILIZED),
        (31, Reason.SCALE_UP_LIMITED),
        (20, Reason.TOO_MANY_DYNOS),
        (15, Reason.HEROKU_LIMIT),
        (1, Reason.PAUSED),
    ]
    assert decision.recommended == 100


def test_a_tolerated_count_and_a_woken_one_are_recommendations():
    """That is what a window remembers."""
    near = decided(Policy(10, tolerance=0.5), 25, 2)
    woken = decided(Policy(10, wake_dynos=4, max_dynos=2), 1, 0)

    assert (near.recommended, near.reason) == (2, Reason.WITHIN_TOLERANCE)
    assert (woken.recommended, woken.desired) == (4, 2)


@pytest.mark.parametrize(
    ("policy", "failures", "quantity", "dynos"),
    [
        pytest.param(Policy(fallback_dynos=3), 2, 1, 1, id="too early"),
        pytest.param(Policy(fallback_dynos=3), 3, 1, 3, id="from the third on"),
        pytest.param(Policy(fallback_dynos=3), 9, 8, 8, id="never down"),
        pytest.param(Policy(fallback_dynos=3, max_dynos=2), 3, 1, 2, id="the most"),
        pytest.param(
            Policy(fallback_dynos=3, max_dynos=2), 3, 8, 8, id="not down to it"
        ),
        pytest.param(Policy(fallback_dynos=3, min_dynos=5), 3, 4, 5, id="the fewest"),
        pytest.param(
            Policy(fallback_dynos=3, pause_up=NOON + MINUTE), 3, 1, 1, id="paused"
        ),
        pytest.param(Policy(), 99, 1, 1, id="none"),
    ],
)
def test_an_unknown_count_falls_back(policy, failures, quantity, dynos):
    unknown = Unknown(Reason.COUNT_NULL)
    facts = seen(quantity, failures=failures, unknown=unknown)
    decision = decide("worker", policy, facts)

    assert decision.desired == dynos
    assert bool(decision.hold) == (dynos == quantity)

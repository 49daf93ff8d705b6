"""What holds for every policy, whatever the counts and whatever is remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scalar.core.app_state import NOTHING, Past
from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.decision.bounds import bounds
from scalar.core.decision.decide import decide, decide_unknown
from scalar.core.decision.observation import Observation
from scalar.core.decision.update_state import note_decision, note_reading
from scalar.core.drain_time import ENOUGH_FALLS, Drained
from scalar.core.platform_rules import MOST_DYNOS
from scalar.core.policy.policy import Policy
from scalar.core.policy.schedule import EVERY_DAY, Schedule, Window
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from scalar.core.recommendation_window import SLICES, Slice

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: What may leave a quantity outside the fewest and the most dynos.
EXCUSES = {
    *(Reason.MANUAL_LEASE, Reason.PAUSED, Reason.HEROKU_LIMIT, Reason.WEB_KEPT),
}

spans = st.integers(0, 1_200).map(lambda seconds: timedelta(seconds=seconds))
moments = st.integers(-3_600, 3_600).map(lambda s: NOON + timedelta(seconds=s))
counts = (
    st.integers(0, 500)
    | st.integers(0, 500)
    | st.integers(0, 10**30)
    | st.floats(0, 500)
    | st.floats(0, allow_infinity=False, allow_nan=False)
)
quantities = st.integers(0, 60)
dynos = st.integers(0, 40)
unknowns = st.builds(
    Unknown, st.sampled_from([Reason.COUNT_NULL, Reason.COUNTS_UNAVAILABLE])
)


@st.composite
def windows(draw, priority):
    fewest = draw(dynos)
    return Window(
        text=f"window {priority}",
        start=time(draw(st.integers(0, 23)), draw(st.sampled_from([0, 30]))),
        end=time(draw(st.integers(0, 23))),
        weekdays=draw(st.frozensets(st.integers(0, 6))) or EVERY_DAY,
        except_dates=draw(st.frozensets(st.just(date(2026, 1, 1)))),
        min_dynos=fewest,
        max_dynos=fewest + draw(dynos),
        priority=priority,
    )


schedules = st.builds(
    Schedule,
    st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")]),
    st.tuples(windows(0), windows(1)),
)


values = {
    "drain_time": spans.filter(bool),
    "jobs_per_second": st.floats(1e-9, 1e3),
    "wake_dynos": dynos,
    "min_dynos": dynos,
    "max_dynos": dynos,
    "schedule": schedules,
    "tolerance": st.sampled_from([0.1, 0.3, 0.99]),
    "down_when_empty": st.just(True),
    "stabilization_up": spans,
    "stabilization_down": spans,
    "max_step_up": st.integers(1, 20),
    "max_step_down": st.integers(1, 20),
    "cooldown_up": spans,
    "cooldown_down": spans,
    "release_grace": spans,
    "manual_lease": spans,
    "pause_up": moments,
    "pause_down": moments,
    "fallback_dynos": dynos,
    "fallback_after": st.integers(1, 5),
    "dry_run": st.just(True),
    "may_sleep": st.just(False),
}


@st.composite
def policies(draw, **fixed):
    """Return any policy that `check_together` lets through.

    Few values differ from their defaults: many would hide what each one does.
    """
    names = draw(st.sets(st.sampled_from(sorted(values)), max_size=5))
    facts = {name: draw(values[name]) for name in sorted(names)}
    if "max_dynos" in facts:
        facts["max_dynos"] += facts.get("min_dynos", 0)
    return Policy(**{"boundary": draw(st.integers(0, 50)), **facts, **fixed})


slices = st.lists(
    st.builds(
        lambda since, seconds, low, more: Slice(
            since, since + timedelta(seconds=seconds), low, low + more
        ),
        moments,
        st.integers(0, 60),
        dynos,
        dynos,
    ),
    max_size=4,
).map(tuple)
pasts = st.builds(
    Past,
    failures=st.integers(0, 6),
    scaled_up_at=st.none() | moments,
    scaled_down_at=st.none() | moments,
    changed_by_hand_at=st.none() | moments,
    interrupted=st.booleans(),
    recommended_up=slices,
    recommended_down=slices,
    drained=st.none()
    | st.builds(
        Drained,
        moments,
        st.floats(0, 1e12),
        quantities,
        jobs=st.integers(0, 1_000) | st.floats(0, 1e12),
        dyno_seconds=st.integers(1, 1_000) | st.floats(0, 1e9),
        falls=st.integers(0, 2 * ENOUGH_FALLS),
    ),
)
observations = st.builds(
    Observation,
    quantities,
    st.just(NOON),
    limit=st.none() | quantities,
    past=pasts,
    since=st.none() | moments,
    released_at=st.none() | moments,
)


def reasons(decision):
    return {step.reason for step in decision.trail}


@given(policies(), counts, observations)
def test_the_dynos_are_within_the_fewest_and_the_most_of_that_time(policy, count, seen):
    decision = decide("worker", policy, count, seen)

    fewest, most, _ = bounds(policy, seen.at)
    within = fewest <= decision.desired <= (MOST_DYNOS if most is None else most)
    assert within or reasons(decision) & EXCUSES


@given(policies(), counts, counts, observations)
def test_a_larger_count_never_gets_fewer_dynos(policy, count, other, seen):
    low, high = sorted([count, other])

    fewer = decide("worker", policy, low, seen).desired
    assert fewer <= decide("worker", policy, high, seen).desired


@given(policies(), st.integers(0, 500), observations, st.integers(1, 3))
def test_one_job_more_never_gets_fewer_dynos(policy, count, seen, more):
    fewer = decide("worker", policy, count, seen).desired

    assert fewer <= decide("worker", policy, count + more, seen).desired


@given(policies(), counts, observations)
def test_the_same_facts_give_the_same_decision(policy, count, seen):
    first = decide("worker", policy, count, seen)

    assert decide("worker", policy, count, seen) == first


@given(st.integers(0, 50), counts, observations)
def test_the_default_policy_is_the_projects_formula_whatever_is_remembered(
    boundary, count, seen
):
    seen = replace(seen, limit=None)
    decision = decide("worker", Policy(boundary), count, seen)

    assert decision.desired == min(recommend_by_boundary(count, boundary), MOST_DYNOS)


@given(policies(fallback_after=2), dynos, observations, unknowns)
def test_an_unknown_count_never_takes_a_dyno_away(policy, fallback, seen, unknown):
    policy = replace(policy, fallback_dynos=fallback)
    decision = decide_unknown("worker", policy, unknown, seen)

    assert decision.desired >= seen.quantity


@given(policies(fallback_dynos=None), observations, unknowns)
def test_without_a_fallback_an_unknown_count_changes_nothing(policy, seen, unknown):
    decision = decide_unknown("worker", policy, unknown, seen)

    assert decision.hold
    assert decision.desired == seen.quantity


@given(policies(), counts, observations)
def test_each_stage_that_speaks_changes_the_quantity(policy, count, seen):
    trail = decide("worker", policy, count, seen).trail

    assert all(one.quantity != other.quantity for one, other in pairwise(trail))
    assert all(step.detail for step in trail)


@given(policies(), moments, moments, counts, observations)
def test_a_direction_that_is_paused_is_not_taken(policy, up, down, count, seen):
    policy = replace(policy, pause_up=up, pause_down=down)
    decision = decide("worker", policy, count, seen)

    end = up if decision.is_up else down
    assert not decision.changes or end <= seen.at


@given(policies(), spans.filter(bool), counts, observations)
def test_what_a_person_set_stays_for_the_time_of_the_lease(policy, lease, count, seen):
    policy = replace(policy, manual_lease=lease)
    past = replace(seen.past, changed_by_hand_at=NOON - lease / 2)
    decision = decide("worker", policy, count, replace(seen, past=past))

    assert not decision.changes


@given(policies(schedule=None), counts, observations)
def test_a_step_is_no_longer_than_allowed_unless_the_range_asks_for_it(
    policy, count, seen
):
    """Or unless dynos wake from 0, which is one step."""
    decision = decide("worker", policy, count, seen)
    woken = policy.wake_dynos if seen.quantity == 0 else 0

    if decision.is_up and policy.max_step_up is not None:
        assert decision.desired <= max(
            seen.quantity + policy.max_step_up, policy.min_dynos, woken
        )
    elif decision.changes and policy.max_step_down is not None:
        most = seen.quantity if policy.max_dynos is None else policy.max_dynos
        assert decision.desired >= min(seen.quantity - policy.max_step_down, most)


@given(policies(manual_lease=timedelta(0)), counts, observations)
def test_the_loss_of_all_memory_takes_no_dyno_away(policy, count, seen):
    """It may let one be added: what it loses could only have slowed that down."""
    decision = decide("worker", policy, count, seen)
    lost = Observation(seen.quantity, seen.at, since=seen.at)
    after = decide("worker", policy, count, lost)

    assert after.desired >= min(decision.desired, seen.quantity)


@given(
    st.integers(0, 50),
    st.integers(0, 500),
    quantities,
    st.integers(1, 1_000),
    st.integers(1, 10_000),
)
def test_the_loss_of_what_was_learned_takes_no_dyno_away(
    boundary, count, quantity, jobs, dyno_seconds
):
    policy = Policy(boundary, drain_time=timedelta(seconds=60))
    drained = Drained(NOON, count, quantity, jobs, dyno_seconds, falls=ENOUGH_FALLS)
    seen = Observation(quantity, NOON, past=Past(drained=drained))
    decision = decide("worker", policy, count, seen)
    after = decide("worker", policy, count, replace(seen, past=NOTHING))

    assert after.desired >= min(decision.desired, quantity)


slowing = st.sampled_from(["stabilization_down", "cooldown_down"])


@given(policies(), slowing, counts, quantities)
def test_with_a_window_or_a_cooldown_the_loss_alone_takes_nothing_away(
    policy, field, count, quantity
):
    policy = replace(policy, **{field: timedelta(seconds=60)})
    lost = Observation(quantity, NOON, since=NOON)
    decision = decide("worker", policy, count, lost)

    _, most, _ = bounds(policy, NOON)
    assert decision.desired >= (quantity if most is None else min(quantity, most))


class Walk:
    """One process type over time, remembered as the service does."""

    def __init__(self, policy, quantity):
        self.policy, self.quantity = policy, quantity
        self.at, self.since, self.past = NOON, NOON, NOTHING

    def lose(self):
        self.past, self.since = NOTHING, self.at

    def poll(self, reading, seconds=10):
        """Let time go by, decide on a reading, and carry it out."""
        self.at += timedelta(seconds=seconds)
        self.past = note_reading(self.past, reading)
        seen = Observation(
            self.quantity,
            self.at,
            past=self.past,
            since=self.since,
            released_at=NOON - timedelta(days=9),
        )
        unknown = isinstance(reading, Unknown)
        decision = (decide_unknown if unknown else decide)(
            "worker", self.policy, reading, seen
        )
        self.past = note_decision(self.past, self.policy, decision, self.at)
        if decision.changes:
            field = "scaled_up_at" if decision.is_up else "scaled_down_at"
            self.past = replace(self.past, **{field: self.at})
            self.quantity = decision.desired
        return decision


polls = st.lists(
    st.tuples(
        st.integers(0, 90) | st.just(1_000) | st.just(-30),
        st.integers(0, 300) | unknowns,
        st.booleans(),
    ),
    max_size=25,
)


@given(policies(), quantities, polls)
def test_at_each_poll_of_a_walk_the_rules_hold(policy, quantity, steps):
    walk = Walk(policy, quantity)
    for seconds, reading, loses in steps:
        if loses:
            walk.lose()
        before = walk.quantity
        decision = walk.poll(reading, seconds)

        fewest, most, _ = bounds(policy, walk.at)
        within = fewest <= walk.quantity <= (MOST_DYNOS if most is None else most)
        assert decision.hold or within or reasons(decision) & EXCUSES
        assert not isinstance(reading, Unknown) or walk.quantity >= before
        for kept in (walk.past.recommended_up, walk.past.recommended_down):
            assert len(kept) <= SLICES + 2


@given(
    policies(schedule=None, manual_lease=timedelta(0)),
    quantities,
    polls,
    st.integers(0, 24),
)
def test_after_a_loss_the_window_begins_anew_and_protects_the_dynos(
    policy, quantity, steps, when
):
    policy = replace(policy, stabilization_down=timedelta(seconds=600))
    walk = Walk(policy, quantity)
    for number, (seconds, reading, _) in enumerate(steps):
        if number == when:
            walk.lose()
            kept, until = walk.quantity, walk.at + timedelta(seconds=600)
        walk.poll(reading, abs(seconds))

        most = MOST_DYNOS if policy.max_dynos is None else policy.max_dynos
        if number >= when and walk.at < until:
            assert walk.quantity >= min(kept, most)


brief = st.integers(0, 60).map(lambda seconds: timedelta(seconds=seconds))


@given(
    st.builds(
        Policy,
        boundary=st.integers(0, 20),
        min_dynos=st.integers(0, 5),
        max_dynos=st.none() | st.integers(5, 30),
        wake_dynos=st.integers(0, 5),
        stabilization_up=brief,
        stabilization_down=brief,
        max_step_up=st.none() | st.integers(1, 5),
        max_step_down=st.none() | st.integers(1, 5),
        cooldown_up=brief,
        cooldown_down=brief,
    ),
    quantities,
    st.integers(0, 200),
    st.sampled_from([1, 10, 30, 61]),
)
def test_a_count_that_stays_gets_its_dynos_in_the_end(policy, quantity, count, period):
    """No window may be so short, and no poll so rare, that nothing ever happens."""
    wanted = max(
        recommend_by_boundary(count, policy.boundary),
        policy.wake_dynos if count else 0,
        policy.min_dynos,
    )
    if policy.max_dynos is not None:
        wanted = min(wanted, policy.max_dynos)
    walk = Walk(policy, quantity)
    left = 10_000
    while walk.quantity != wanted and left > 0:
        walk.poll(count, period)
        left -= period

    assert walk.quantity == wanted
    assert not walk.poll(count, period).changes

"""Properties of every policy, whatever is reported and remembered."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scalar.core.app_state import NOTHING, Past, Stopped
from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.decision.bounds import bounds
from scalar.core.decision.decide import decide, decide_all
from scalar.core.decision.observation import MOST_SECONDS, AppFacts, Observation
from scalar.core.decision.update_state import note_decision, note_reading
from scalar.core.drain_time import ENOUGH_FALLS, Drained
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.policy import NONE, Policy
from scalar.core.policy.schedule import EVERY_DAY, Schedule, Window
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from scalar.core.recommendation_window import SLICES, Slice

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Reasons that may leave a quantity outside the policy's range.
EXCUSES = {
    *(Reason.MANUAL_LEASE, Reason.PAUSED, Reason.HEROKU_LIMIT, Reason.WEB_KEPT),
    *(Reason.BUSY_DYNOS, Reason.BUSY_UNKNOWN),
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


#: A strategy for each field of `Policy`.
values = {
    "boundary": st.integers(0, 50),
    "drain_time": spans.filter(bool),
    "jobs_per_second": st.floats(1e-9, 1e3),
    "latency_up": spans.filter(bool),
    "latency_down": spans,
    "latency_step": st.integers(1, 20),
    "boot_time": spans,
    "wake_dynos": dynos,
    "min_dynos": dynos,
    "max_dynos": dynos,
    "schedule": schedules,
    "tolerance": st.sampled_from([0.1, 0.3, 0.99]),
    "tolerance_up": st.sampled_from([0.0, 0.2]),
    "tolerance_down": st.sampled_from([0.0, 0.5]),
    "down_when_empty": st.just(True),
    "stabilization_up": spans,
    "stabilization_down": spans,
    "max_step_up": st.integers(1, 20),
    "max_step_down": st.integers(1, 20),
    "cooldown_up": spans,
    "cooldown_down": spans,
    "settle_time": spans,
    "release_grace": spans,
    "manual_lease": spans,
    "lease_after_release": spans,
    "lease_ended": moments,
    "manual_off": st.just(True),
    "busy_limit": spans,
    "pause_up": moments,
    "pause_down": moments,
    "fallback_dynos": dynos,
    "fallback_after": st.integers(1, 5),
    "dry_run": st.just(True),
    "may_sleep": st.just(False),
    "why_paused": st.just(("", "")),
    "notes": st.just(("max = 3 from environment counts as 5",)),
}


FIELDS = [field.name for field in fields(Policy)]


@st.composite
def policies(draw, **fixed):
    """Return any valid policy.

    Only a few values differ from their defaults: many would hide each other.
    """
    names = draw(st.sets(st.sampled_from(FIELDS), max_size=5))
    if names & {"latency_up", "latency_down", "latency_step"}:
        names = (names | {"latency_up"}) - {"drain_time"}
    facts = {name: draw(values[name]) for name in sorted(names | {"boundary"})}
    if "max_dynos" in facts:
        facts["max_dynos"] += facts.get("min_dynos", 0)
    if "latency_down" in facts:
        facts["latency_down"] = min(facts["latency_down"], facts["latency_up"])
    return Policy(**{**facts, **fixed})


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
    made_by_hand_at=st.none() | moments,
    lease_is_sure=st.booleans(),
    stopped=st.none() | st.sampled_from(Stopped),
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
    busy_since=st.none() | moments,
)
latencies = st.none() | st.floats(0, 2_000)
busy_dynos = (
    st.none()
    | st.frozensets(st.integers(1, 60), max_size=3)
    | st.just(Unknown(Reason.BUSY_UNKNOWN, "a worker did not answer"))
)
observations = st.builds(
    Observation,
    counts,
    quantities,
    st.just(NOON),
    limit=st.none() | quantities,
    past=pasts,
    since=st.none() | moments,
    released_at=st.none() | moments,
    latency=latencies,
    is_latency=st.booleans(),
    busy=busy_dynos,
    next_eta=st.none() | st.floats(0, 2_000),
    stranded=st.integers(0, 20),
).map(lambda seen: with_count(seen, seen.count))


def with_count(seen, count):
    """Return the observation with another count, which may be a latency."""
    latency = float(min(count, MOST_SECONDS)) if seen.is_latency else seen.latency
    return replace(seen, count=count, latency=latency)


def without_memory(seen):
    return replace(seen, limit=None, past=NOTHING, since=seen.at, released_at=None)


def reasons(decision):
    return {step.reason for step in decision.trail}


def test_every_field_of_a_policy_has_a_strategy():
    assert sorted(values) == sorted(FIELDS)


@given(policies(), observations)
def test_the_dynos_are_within_the_range_of_that_time(policy, seen):
    decision = decide("worker", policy, seen)

    fewest, most, _ = bounds(policy, seen.at)
    within = fewest <= decision.desired <= (HEROKU.most_dynos if most is None else most)
    assert within or reasons(decision) & EXCUSES


def desired(policy, seen, count):
    return decide("worker", policy, with_count(seen, count)).desired


@given(policies(), counts, counts, observations)
def test_a_larger_count_never_gets_fewer_dynos(policy, count, other, seen):
    low, high = sorted([count, other])

    assert desired(policy, seen, low) <= desired(policy, seen, high)


@given(policies(), st.integers(0, 500), observations, st.integers(1, 3))
def test_one_job_more_never_gets_fewer_dynos(policy, count, seen, more):
    assert desired(policy, seen, count) <= desired(policy, seen, count + more)


@given(policies(), observations)
def test_the_same_facts_give_the_same_decision(policy, seen):
    assert decide("worker", policy, seen) == decide("worker", policy, seen)


@given(st.integers(0, 50), observations)
def test_the_default_policy_is_the_projects_formula_whatever_is_remembered(
    boundary, seen
):
    by_formula = recommend_by_boundary(seen.count, boundary)
    seen = replace(seen, limit=None, busy=None, stranded=0)
    decision = decide("worker", Policy(boundary), seen)

    assert decision.desired == min(by_formula, HEROKU.most_dynos)


@given(policies(fallback_after=2), dynos, observations, unknowns)
def test_an_unknown_count_never_takes_a_dyno_away(policy, fallback, seen, unknown):
    policy = replace(policy, fallback_dynos=fallback)
    decision = decide("worker", policy, replace(seen, unknown=unknown))

    assert decision.desired >= seen.quantity


@given(
    policies(fallback_dynos=None, min_dynos=0, schedule=None, boot_time=NONE),
    observations,
    unknowns,
)
def test_without_a_floor_an_unknown_count_changes_nothing(policy, seen, unknown):
    decision = decide("worker", policy, replace(seen, unknown=unknown))

    assert decision.hold
    assert decision.desired == seen.quantity


@given(policies(), observations)
def test_each_step_changes_the_quantity_and_explains_it(policy, seen):
    trail = decide("worker", policy, seen).trail

    assert all(one.quantity != other.quantity for one, other in pairwise(trail))
    assert all(step.detail for step in trail)


@given(policies(), moments, moments, observations)
def test_a_direction_that_is_paused_is_not_taken(policy, up, down, seen):
    policy = replace(policy, pause_up=up, pause_down=down)
    decision = decide("worker", policy, seen)

    end = up if decision.is_up else down
    assert not decision.changes or end <= seen.at


@given(policies(), spans.filter(bool), observations)
def test_what_a_person_set_stays_for_the_time_of_the_lease(policy, lease, seen):
    policy = replace(policy, manual_lease=lease, lease_ended=None)
    past = replace(seen.past, changed_by_hand_at=NOON - lease / 2)
    decision = decide("worker", policy, replace(seen, past=past))

    assert not decision.changes


@given(policies(schedule=None), observations)
def test_a_step_is_no_longer_than_allowed_unless_the_range_asks_for_it(policy, seen):
    """Or unless dynos wake from 0, which is one step."""
    decision = decide("worker", policy, seen)
    woken = policy.wake_dynos if seen.quantity == 0 else 0

    if decision.is_up and policy.max_step_up is not None:
        assert decision.desired <= max(
            seen.quantity + policy.max_step_up, policy.min_dynos, woken
        )
    elif decision.changes and policy.max_step_down is not None:
        most = seen.quantity if policy.max_dynos is None else policy.max_dynos
        assert decision.desired >= min(seen.quantity - policy.max_step_down, most)


@given(policies(manual_lease=timedelta(0)), observations)
def test_the_loss_of_all_memory_takes_no_dyno_away(policy, seen):
    """It may let one be added: what it loses could only have slowed that down."""
    decision = decide("worker", policy, seen)
    after = decide("worker", policy, without_memory(seen))

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
    seen = Observation(count, quantity, NOON, past=Past(drained=drained))
    decision = decide("worker", policy, seen)
    after = decide("worker", policy, replace(seen, past=NOTHING))

    assert after.desired >= min(decision.desired, quantity)


slowing = st.sampled_from(["stabilization_down", "cooldown_down"])


@given(policies(), slowing, observations)
def test_with_a_window_or_a_cooldown_the_loss_alone_takes_nothing_away(
    policy, field, seen
):
    policy = replace(policy, **{field: timedelta(seconds=60)})
    decision = decide("worker", policy, without_memory(seen))

    _, most, _ = bounds(policy, NOON)
    before = seen.quantity
    assert decision.desired >= (before if most is None else min(before, most))


class Walk:
    """A process type over time, remembered as the service does it."""

    def __init__(self, policy, quantity):
        self.policy, self.quantity = policy, quantity
        self.at, self.since, self.past = NOON, NOON, NOTHING

    def lose(self):
        self.past, self.since = NOTHING, self.at

    def poll(self, reading, seconds=10):
        """Let time pass, decide on a reading, and carry the decision out."""
        self.at += timedelta(seconds=seconds)
        self.past = note_reading(self.past, reading.count, self.at)
        facts = AppFacts(
            self.at,
            {"worker": ProcessType(self.quantity)},
            limits={},
            pasts={"worker": self.past},
            since=self.since,
            released_at=NOON - timedelta(days=9),
        )
        (decision,) = decide_all(lambda _: self.policy, {"worker": reading}, facts)
        self.past = note_decision(self.past, self.policy, decision, self.at)
        if decision.changes:
            field = "scaled_up_at" if decision.is_up else "scaled_down_at"
            self.past = replace(self.past, **{field: self.at})
            self.quantity = decision.desired
        return decision


polls = st.lists(
    st.tuples(
        st.integers(0, 90) | st.just(1_000) | st.just(-30),
        st.builds(
            Reading, st.integers(0, 300) | unknowns, latency=latencies, busy=busy_dynos
        ),
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
        within = (
            fewest <= walk.quantity <= (HEROKU.most_dynos if most is None else most)
        )
        assert decision.hold or within or reasons(decision) & EXCUSES
        assert not isinstance(reading.count, Unknown) or walk.quantity >= before
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

        most = HEROKU.most_dynos if policy.max_dynos is None else policy.max_dynos
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
        walk.poll(Reading(count), period)
        left -= period

    assert walk.quantity == wanted
    assert not walk.poll(Reading(count), period).changes

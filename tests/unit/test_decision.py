"""From facts to a decision that explains itself."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.decision.decide import clamp_again
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.policy import Policy
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from tests.unit.deciding import decided, decided_all

WORKER = Policy(boundary=10)

policies = st.builds(Policy, st.integers(0, 1000), may_sleep=st.booleans())
counts = st.one_of(st.integers(0, 10**9), st.floats(0, 1e15))
quantities = st.integers(0, 200)
limits = st.none() | st.integers(0, 200)


def reasons(decision):
    return [step.reason for step in decision.trail]


def test_the_trail_tells_how_the_quantity_came_about():
    """99 jobs at 10 per dyno want 10 dynos; Heroku allows 4."""
    decision = decided(WORKER, 99, 1, limit=4)

    assert [(step.quantity, step.reason) for step in decision.trail] == [
        (10, Reason.RECOMMENDED),
        (4, Reason.HEROKU_LIMIT),
    ]
    assert decision.desired == 4
    assert decision.is_up


def test_the_last_web_dyno_stays():
    decision = decided(WORKER, 0, 3, name="web")

    assert decision.desired == 1
    assert reasons(decision) == [Reason.RECOMMENDED, Reason.WEB_KEPT]


def test_a_web_that_somebody_switched_off_stays_off():
    decision = decided(WORKER, 0, 0, name="web")

    assert not decision.changes


def test_a_limit_below_the_current_quantity_scales_nothing_down():
    """Heroku allows 2, but 5 run: that is not ours to correct."""
    decision = decided(WORKER, 99, 5, limit=2)

    assert decision.desired == 5


def test_an_absurd_count_is_no_absurd_request():
    decision = decided(WORKER, 1e300, 0)

    assert decision.desired == HEROKU.most_dynos


def test_clamping_again_adds_a_step():
    decision = decided(WORKER, 99, 1)

    again = clamp_again(decision, {"worker": 3})

    assert again.desired == 3
    assert reasons(again) == [Reason.RECOMMENDED, Reason.HEROKU_LIMIT]


def test_clamping_again_leaves_other_process_types_alone():
    decision = decided(WORKER, 99, 1)

    assert clamp_again(decision, {"mailer": 3}) is decision


@given(policies, counts, quantities, limits)
def test_the_same_facts_give_the_same_decision(policy, count, quantity, limit):
    facts = (policy, count, quantity, limit)

    assert decided(*facts) == decided(*facts)


@given(policies, counts, quantities, limits, st.integers(0, 10**9))
def test_more_count_never_gives_fewer_dynos(policy, count, quantity, limit, more):
    low = decided(policy, count, quantity, limit)
    high = decided(policy, count + more, quantity, limit)

    assert low.desired <= high.desired


@given(st.integers(0, 900), st.integers(0, 100), st.integers(0, 200))
def test_without_limits_it_is_the_projects_formula(count, boundary, quantity):
    decision = decided(Policy(boundary), count, quantity)

    assert decision.desired == recommend_by_boundary(count, boundary)


@given(policies, counts, quantities, limits)
def test_each_step_after_the_first_changes_the_quantity(policy, count, quantity, limit):
    trail = decided(policy, count, quantity, limit).trail

    assert all(one.quantity != other.quantity for one, other in pairwise(trail))


formations = st.dictionaries(
    st.sampled_from(["web", "worker", "mailer", "release", "clock"]),
    st.builds(ProcessType, st.integers(0, 100)),
)
unknowns = st.builds(
    Unknown, st.sampled_from([Reason.COUNT_NULL, Reason.COUNT_INVALID])
)


@given(
    st.dictionaries(st.sampled_from(["web", "worker", "mailer", "other"]), unknowns),
    formations,
    policies,
)
def test_an_unknown_moves_nothing(readings, formation, policy):
    decisions = decided_all(lambda _: policy, readings, formation, {})

    assert all(not d.changes for d in decisions)
    assert all(d.hold for d in decisions)


@given(formations, policies, st.integers(0, 10**6))
def test_release_is_never_scaled(formation, policy, count):
    formation = {**formation, "release": ProcessType(0)}

    (decision,) = decided_all(lambda _: policy, {"release": count}, formation, {})
    assert not decision.changes
    assert decision.reason is Reason.RELEASE_PHASE


def test_a_process_type_that_is_not_there_is_held_and_the_others_are_decided():
    decisions = decided_all(
        lambda _: WORKER,
        {"wroker": 5, "worker": 25},
        {"worker": ProcessType(1), "web": ProcessType(1)},
        {},
    )

    by_name = {d.process_type: d for d in decisions}
    assert by_name["wroker"].reason is Reason.NOT_IN_FORMATION
    assert "web, worker" in by_name["wroker"].cause.detail
    assert by_name["worker"].desired == 3


def test_a_process_type_that_the_answer_leaves_out_is_held():
    (decision,) = decided_all(
        lambda _: WORKER, {}, {"worker": ProcessType(7)}, {}, frozenset({"worker"})
    )

    assert decision.reason is Reason.COUNT_MISSING
    assert decision.desired == 7


def test_a_process_type_that_was_never_named_is_none_of_our_business():
    assert decided_all(lambda _: WORKER, {}, {"clock": ProcessType(1)}, {}) == ()


@pytest.mark.parametrize("quantity", [0, 1, 50])
def test_a_hold_keeps_the_current_quantity(quantity):
    (decision,) = decided_all(
        lambda _: WORKER,
        {"worker": Unknown(Reason.COUNT_NULL)},
        {"worker": ProcessType(quantity)},
        {},
    )

    assert decision.desired == quantity

"""Properties of every decision, whatever the facts."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from scalar.core.decision.decide import clamp_again
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import HEROKU
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from tests.unit import deciding
from tests.unit.deciding import decided_all, default_policy

names = st.sampled_from(["web", "worker", "mailer", "clock", "release"])
counts = st.one_of(
    st.integers(0, 500),
    st.integers(0, 10**40),
    st.floats(0, 500),
    st.floats(0, allow_infinity=False, allow_nan=False),
)
boundaries = st.integers(0, 200) | st.integers(0, 10**12)
quantities = st.integers(0, 120)
limits = st.integers(0, 120)
unknowns = st.builds(
    Unknown, st.sampled_from([Reason.COUNT_NULL, Reason.COUNT_INVALID])
)
formations = st.dictionaries(names, st.builds(ProcessType, quantities))


def plain_formula(count, boundary):
    """Return the project's formula, in whole numbers alone.

    `if boundary == 0: 1 if count > 0 else 0; else: ceil(count / boundary)`
    """
    if boundary == 0:
        return int(count > 0)
    above, below = count.as_integer_ratio()
    whole, rest = divmod(above, below * boundary)
    return whole + (rest > 0)


def decided(name, boundary, *facts):
    """Return the dynos that the default policy leads to."""
    policy = default_policy(name, boundary)
    return deciding.decided(policy, *facts, name=name).desired


@given(counts, boundaries, quantities)
def test_the_dynos_are_those_of_the_formula_up_to_the_most(count, boundary, quantity):
    wanted = plain_formula(count, boundary)

    assert decided("worker", boundary, count, quantity) == min(
        wanted, HEROKU.most_dynos
    )


@given(counts, boundaries, quantities, limits)
def test_what_heroku_allows_is_asked_for_exactly(count, boundary, quantity, limit):
    wanted = plain_formula(count, boundary)
    assume(wanted <= limit)

    assert decided("worker", boundary, count, quantity, limit) == wanted


@given(counts, boundaries, quantities, limits)
def test_above_the_limit_it_is_the_limit_or_what_runs_already(
    count, boundary, quantity, limit
):
    wanted = plain_formula(count, boundary)
    assume(wanted > limit)

    desired = decided("worker", boundary, count, quantity, limit)
    assert desired == (limit if quantity <= limit else min(wanted, quantity))


@given(names, counts, boundaries, quantities, st.none() | limits)
def test_dynos_are_taken_away_only_if_the_count_wants_fewer(
    name, count, boundary, quantity, limit
):
    desired = decided(name, boundary, count, quantity, limit)

    assert desired >= quantity or desired == max(
        plain_formula(count, boundary), int(name == "web")
    )


@given(counts, boundaries, quantities, st.none() | limits)
def test_web_is_as_any_other_but_keeps_its_last_dyno(count, boundary, quantity, limit):
    any_other = decided("worker", boundary, count, quantity, limit)
    web = decided("web", boundary, count, quantity, limit)

    assert web == (any_other or min(quantity, 1))


@given(counts, quantities)
def test_a_web_that_may_sleep_is_as_any_other(count, quantity):
    policy = default_policy("web", 10, scale_web_to_zero=True)

    web = deciding.decided(policy, count, quantity, name="web").desired
    assert web == decided("worker", 10, count, quantity)


@given(st.lists(counts, min_size=2), boundaries, quantities, st.none() | limits)
def test_in_the_order_of_their_counts_dynos_never_fall(
    some_counts, boundary, quantity, limit
):
    dynos = [
        decided("worker", boundary, count, quantity, limit)
        for count in sorted(some_counts)
    ]

    assert dynos == sorted(dynos)


@given(counts, boundaries, quantities, st.none() | limits)
def test_what_was_decided_is_decided_again_once_it_is_so(
    count, boundary, quantity, limit
):
    """No flapping: the same count and limit leave it there."""
    desired = decided("worker", boundary, count, quantity, limit)

    assert decided("worker", boundary, count, desired, limit) == desired


@given(st.dictionaries(names, counts | unknowns), formations, st.frozensets(names))
def test_only_a_known_count_of_a_process_type_that_is_there_changes_anything(
    readings, formation, expected
):
    decisions = decided_all(default_policy, readings, formation, {}, expected)

    for name in (d.process_type for d in decisions if d.changes):
        assert name != "release"
        assert name in formation
        assert not isinstance(readings[name], Unknown)


@given(
    st.dictionaries(names, counts | unknowns),
    formations,
    st.dictionaries(names, limits),
    st.frozensets(names),
)
def test_each_process_type_is_decided_as_if_it_were_alone(
    readings, formation, some_limits, expected
):
    for decision in decided_all(
        default_policy, readings, formation, some_limits, expected
    ):
        own = {decision.process_type}
        (alone,) = decided_all(
            default_policy,
            only(own, readings),
            formation,
            only(own, some_limits),
            expected & own,
        )
        assert decision == alone


def only(some_names, facts):
    return {name: fact for name, fact in facts.items() if name in some_names}


@given(st.dictionaries(names, counts | unknowns), formations, st.frozensets(names))
def test_a_known_count_of_a_process_type_that_is_there_is_never_held(
    readings, formation, expected
):
    decisions = decided_all(default_policy, readings, formation, {}, expected)

    known = {n for n, reading in readings.items() if not isinstance(reading, Unknown)}
    held = {d.process_type for d in decisions if d.hold}
    assert held & known & formation.keys() <= {"release"}


@given(counts, boundaries, quantities, st.none() | limits, limits)
def test_a_limit_learned_later_is_as_if_it_had_been_known(
    count, boundary, quantity, limit, learned
):
    policy = default_policy("worker", boundary)
    before = deciding.decided(policy, count, quantity, limit)
    again = clamp_again(before, {"worker": learned})

    lower = learned if limit is None else min(limit, learned)
    assume(before.desired >= quantity)
    assert again.desired == decided("worker", boundary, count, quantity, lower)
    assert again.desired >= quantity


@given(counts, boundaries, quantities, limits)
def test_a_limit_learned_later_leaves_a_scale_down_alone(
    count, boundary, quantity, learned
):
    policy = default_policy("worker", boundary)
    before = deciding.decided(policy, count, quantity)
    assume(before.desired < quantity)

    assert clamp_again(before, {"worker": learned}) == before

"""How many dynos a backlog takes, and how fast dynos are seen to work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scalar.core.app_state import Past
from scalar.core.drain_time import (
    ENOUGH_FALLS,
    FORGET_AFTER,
    LONGEST_GAP,
    MOST_JOBS,
    Drained,
    dynos_to_drain,
    learn,
)
from scalar.core.policy.policy import Policy
from tests.unit.deciding import decided

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def observed(*rows):
    """Return what is known after (seconds, count, quantity), one by one."""
    known = None
    for seconds, count, quantity in rows:
        known = learn(known, NOON + timedelta(seconds=seconds), count, quantity)
    return known


@pytest.mark.parametrize(
    ("count", "seconds", "rate", "dynos"),
    [
        pytest.param(0, 600, 0.5, 0, id="nothing to do"),
        pytest.param(1, 600, 0.5, 1, id="one job"),
        pytest.param(300, 600, 0.5, 1, id="exactly what one does"),
        pytest.param(301, 600, 0.5, 2, id="one more"),
        pytest.param(300.001, 600, 0.5, 2, id="a fraction more"),
        pytest.param(10**30, 1, 1, 10**30, id="a huge count, exactly"),
        pytest.param(10**30 + 1, 1, 1, 10**30 + 1, id="to the last job"),
        pytest.param(3, 1, 0.1, 30, id="0.1, a little above a tenth as a float"),
    ],
)
def test_the_dynos_are_the_count_by_what_one_does_rounded_up(
    count, seconds, rate, dynos
):
    assert dynos_to_drain(count, seconds, rate) == dynos


@given(
    st.integers(0) | st.floats(0, allow_infinity=False, allow_nan=False),
    st.floats(1, 604_800),
    st.floats(5e-324, 1e308),
)
def test_so_many_are_in_time_and_one_fewer_is_not(count, seconds, rate):
    dynos = dynos_to_drain(count, seconds, rate)

    done = Fraction(seconds) * Fraction(rate)
    assert (dynos - 1) * done < Fraction(count) <= dynos * done


def test_a_fall_says_how_fast_dynos_work():
    """40 jobs fewer by 4 dynos in 10 s: one does 1 a second."""
    known = observed((0, 100, 4), (10, 60, 4))

    assert (known.jobs, known.dyno_seconds, known.falls) == (40, 40, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((0, 100, 4), (10, 100, 4), id="no fall"),
        pytest.param((0, 100, 4), (10, 101, 4), id="a rise"),
        pytest.param((0, 100, 4), (10, 0, 4), id="to 0: some had nothing to do"),
        pytest.param((0, 100, 4), (10, 60, 5), id="more dynos"),
        pytest.param((0, 100, 4), (10, 60, 3), id="fewer dynos"),
        pytest.param((0, 100, 0), (10, 60, 0), id="no dynos: somebody purged it"),
        pytest.param((0, 100, 4), (601, 60, 4), id="too long ago"),
        pytest.param((0, 100, 4), (0, 60, 4), id="at the same time"),
        pytest.param((0, 100, 4), (-10, 60, 4), id="the clock was set back"),
        pytest.param((0, MOST_JOBS + 1, 4), (10, 60, 4), id="an absurd count"),
        pytest.param((0, 10**400, 4), (10, 10**399, 4), id="one that is no float"),
    ],
)
def test_nothing_else_says_it(before, after):
    known = observed(before, after)

    assert (known.jobs, known.dyno_seconds, known.falls) == (0, 0, 0)
    assert (known.count, known.quantity) == after[1:]


def test_the_longest_gap_counts():
    known = observed((0, 100, 4), (LONGEST_GAP.total_seconds(), 60, 4))

    assert known.falls == 1


def test_the_next_fall_is_from_where_the_count_is_then():
    """100 -> 60, then up to 200, then 190: 50 jobs in two falls."""
    known = observed((0, 100, 4), (10, 60, 4), (20, 200, 4), (30, 190, 4))

    assert (known.jobs, known.falls) == (50, 2)


def test_the_rate_is_believed_after_enough_falls():
    rows = [(10 * n, 1000 - 20 * n, 4) for n in range(ENOUGH_FALLS + 1)]

    assert observed(*rows[:-1]).jobs_per_second is None
    assert observed(*rows).jobs_per_second == 0.5


def test_what_is_old_counts_less_so_that_the_rate_follows_the_app():
    """After 200 falls at 1 a second the app slows down to a tenth."""
    rows = [(10 * n, 10**6 - 10 * n, 1) for n in range(FORGET_AFTER + 1)]
    seconds, count = rows[-1][:2]
    rows += [(seconds + 10 * n, count - n, 1) for n in range(1, 901)]
    known = observed(*rows)

    assert known.falls <= FORGET_AFTER + 1
    assert known.jobs_per_second == pytest.approx(0.1, rel=0.1)


numbers = st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e300, 1.7e308, inf, nan])


@given(numbers, numbers, st.integers(0, 10**30) | st.floats(0, 1.7e308))
def test_whatever_was_learned_no_count_makes_it_fail(jobs, dyno_seconds, count):
    drained = Drained(NOON, 1, 1, jobs, dyno_seconds, falls=ENOUGH_FALLS)
    policy = Policy(10, drain_time=timedelta(seconds=1))
    decision = decided(policy, count, 1, past=Past(drained=drained))

    assert 0 <= decision.desired <= 1_000


observations = st.tuples(
    st.integers(-700, 700),
    st.integers(0) | st.floats(0, allow_infinity=False, allow_nan=False),
    st.integers(0, 1_000),
)


@given(st.lists(observations, max_size=30))
@example([(600, (20 - n) * 5e-324, 1_000) for n in range(20)])
@example([(600, 10**400 - n, 1_000) for n in range(20)])
def test_no_row_of_observations_makes_it_fail(rows):
    known, now = None, 0
    for gap, count, quantity in rows:
        now += gap
        known = learn(known, NOON + timedelta(seconds=now), count, quantity)

        rate = known.jobs_per_second
        assert rate is None or 0 < rate < inf
        assert dynos_to_drain(count, 1, rate or 1) >= 0

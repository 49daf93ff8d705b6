"""The project's own formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.decision.boundary import recommend_by_boundary

counts = st.one_of(
    st.integers(0, 10**30), st.floats(0, 1e300, allow_nan=False, allow_infinity=False)
)


@pytest.mark.parametrize(
    ("count", "boundary", "dynos"),
    [
        pytest.param(2, 10, 1, id="the seed: 2 jobs, 10 per dyno"),
        pytest.param(99, 10, 10, id="the seed: 99 jobs, 10 per dyno"),
        pytest.param(0, 10, 0, id="the seed: nothing to do"),
        pytest.param(10, 10, 1, id="exactly one dyno's share"),
        pytest.param(11, 10, 2, id="one job more"),
        pytest.param(0.5, 10, 1, id="a fraction is some work"),
        pytest.param(10.000001, 10, 2, id="a fraction over the share"),
        pytest.param(2, 0, 1, id="boundary 0: any count is one dyno"),
        pytest.param(99, 0, 1, id="boundary 0: however high"),
        pytest.param(0, 0, 0, id="boundary 0: nothing to do"),
        pytest.param(0.001, 0, 1, id="boundary 0: a fraction is some work"),
        pytest.param(10**30 + 1, 10**29, 11, id="no rounding of large integers"),
    ],
)
def test_dynos_for_a_count(count, boundary, dynos):
    assert recommend_by_boundary(count, boundary) == dynos


@given(counts, st.integers(1, 10**9))
def test_the_dynos_are_enough_and_one_fewer_would_not_be(count, boundary):
    dynos = recommend_by_boundary(count, boundary)

    assert dynos * boundary >= count
    assert dynos == 0 or (dynos - 1) * boundary < count


@given(counts, counts, st.integers(0, 10**9))
def test_a_higher_count_never_gives_fewer_dynos(one, other, boundary):
    low, high = sorted((one, other))

    assert recommend_by_boundary(low, boundary) <= recommend_by_boundary(high, boundary)


@given(counts, st.integers(0, 10**9))
def test_work_is_never_left_without_a_dyno(count, boundary):
    assert (recommend_by_boundary(count, boundary) > 0) == (count > 0)

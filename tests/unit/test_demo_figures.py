"""The figures of the demo's summary."""

from __future__ import annotations

import pytest

from demo.figures import figures, longest_lag
from demo.verdict import Sample


def row(*seen):
    """One sample a second, each (count, quantity)."""
    return [Sample(at, "worker", *one) for at, one in enumerate(seen)]


def test_a_rise_and_a_fall():
    samples = row((0, 0), (12, 0), (14, 3), (9, 3), (4, 2), (0, 1), (0, 0))
    found = figures(samples, 5)

    assert found.highest_count == 14
    assert found.highest_quantity == 3
    assert (found.ups, found.downs) == (1, 3)
    assert found.longest_lag == 1


def test_of_nothing():
    found = figures([], 5)

    assert (found.highest_count, found.highest_quantity, found.longest_lag) == (0, 0, 0)


@pytest.mark.parametrize(
    ("samples", "lag"),
    [
        pytest.param(row((0, 0), (3, 0), (3, 0), (3, 1)), 2, id="1 dyno after 2 s"),
        pytest.param(row((3, 1), (4, 1), (5, 1)), 0, id="nothing is asked for"),
        pytest.param(
            row((3, 0), (8, 0), (8, 2)), 2, id="the dynos for 8 serve 3 as well"
        ),
        pytest.param(
            row((3, 0), (8, 0), (8, 1), (8, 2)), 2, id="the dyno for 3 serves not 8"
        ),
        pytest.param(row((3, 0), (0, 0)), 1, id="the count went by itself"),
        pytest.param(row((3, 0), (3, 0), (3, 0)), 2, id="it waits to the end"),
        pytest.param(
            row((3, 0), (None, 0), (3, 1)), 2, id="an unknown count ends no waiting"
        ),
        pytest.param(
            row((3, 1), (None, 1), (3, 1)), 0, id="an unknown count asks for nothing"
        ),
    ],
)
def test_the_longest_lag(samples, lag):
    assert longest_lag(samples, 5) == lag

"""The demo's plots."""

from __future__ import annotations

import pytest

from demo.plot import bars, by_second
from tests.unit.demo_world import look


@pytest.mark.parametrize(
    ("values", "rows", "top", "plot"),
    [
        pytest.param([1, 4, 8], 1, 8, ["▁▄█"], id="eighths"),
        pytest.param([8, 12, 16], 2, 16, [" ▄█", "███"], id="two rows"),
        pytest.param([0, None], 2, 4, ["  ", "·?"], id="zero and unknown differ"),
        pytest.param([0.001], 1, 100, ["▁"], id="however small, it is not zero"),
        pytest.param([], 2, 1, ["", ""], id="nothing yet"),
    ],
)
def test_bars(values, rows, top, plot):
    assert bars(values, rows=rows, top=top) == plot


def test_a_column_is_the_last_look_of_its_second():
    early, late, later = look(0.1), look(0.9), look(2.0)

    assert by_second([early, late, later], 10) == [late, None, later]


def test_the_oldest_seconds_go_first():
    looks = [look(at) for at in (0.5, 1.5, 2.5)]

    assert by_second(looks, 2) == looks[1:]


def test_before_the_first_look_there_are_no_columns():
    assert by_second([], 10) == []

"""Numbers in texts of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.whole_number import whole_number


@pytest.mark.parametrize(
    ("value", "number"),
    [("0", 0), (" 12 ", 12), (b"7", 7), (3, 3), (4.0, 4), ("9" * 18, 10**18 - 1)],
)
def test_a_whole_number_is_read(value, number):
    assert whole_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("\xb2", id="a superscript two, which is a digit to Python"),
        pytest.param(b"\xb2", id="the byte of it"),
        pytest.param("\u0663", id="an Arabic digit"),
        pytest.param("9" * 5_000, id="5,000 digits"),
        pytest.param(10**5_000, id="as a number"),
        *("", "-1", "+1", "1.5", "1e3", "x", None, True, -1, 2.5),
        *(float("inf"), float("nan"), [1], {"a": 1}),
    ],
)
def test_all_else_is_none(value):
    assert whole_number(value) is None


@given(st.one_of(st.text(), st.binary(), st.floats(), st.integers(), st.none()))
def test_nothing_raises(value):
    number = whole_number(value)

    assert number is None or 0 <= number < 10**18

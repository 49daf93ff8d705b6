"""Whatever an app answers, a known count is exactly what it reported."""

from __future__ import annotations

import json
from math import inf, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from scalar.formats.plain import parse_counts
from scalar.formats.strict_json import MAX_NAME

names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,20}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
#: Numbers of at least 0 in every notation of JSON: 7, 0.50, 12E+3, 9e-9.
spellings = st.from_regex(
    r"(0|[1-9][0-9]{0,40})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


def read(body):
    """Return the readings; empty if the answer is rejected."""
    try:
        return parse_counts(body)
    except CountsMalformed:
        return {}


def is_valid_reading(reading):
    if isinstance(reading, Unknown):
        return reading.reason in {Reason.COUNT_NULL, Reason.COUNT_INVALID}
    return type(reading) in {int, float} and isfinite(reading) and reading >= 0


@given(json_values)
def test_any_json_is_read_or_rejected(value):
    readings = read(json.dumps(value).encode())

    assert isinstance(value, dict) or readings == {}
    assert all(map(is_valid_reading, readings.values()))


@given(st.lists(st.tuples(st.text(max_size=9), json_values), max_size=6), st.data())
def test_a_damaged_answer_is_read_or_rejected(members, data):
    """One byte was changed, as by a faulty proxy."""
    body = bytearray(encode(members))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255))

    assert all(map(is_valid_reading, read(bytes(body)).values()))


def encode(members):
    """Return an object whose names may be repeated."""
    pairs = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members)
    return ("{" + ", ".join(pairs) + "}").encode()


@given(st.dictionaries(names, st.integers(0, 10**6), min_size=1), st.data())
def test_a_truncated_answer_is_rejected(counts, data):
    """12 jobs must not become 1 because the connection broke."""
    body = json.dumps(counts).encode()
    length = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(CountsMalformed):
        parse_counts(body[:length])


@given(st.dictionaries(names, st.integers(0, 10**4000), max_size=3))
def test_an_integer_of_any_size_is_read_exactly(counts):
    readings = parse_counts(json.dumps(counts).encode())

    assert readings == counts
    assert all(type(reading) is int for reading in readings.values())


@given(
    st.dictionaries(
        names, st.floats(0, allow_nan=False, allow_infinity=False, allow_subnormal=True)
    )
)
def test_a_fraction_is_read_exactly(counts):
    assert parse_counts(json.dumps(counts).encode()) == counts


@given(names, spellings)
def test_a_number_is_read_in_every_notation(name, spelling):
    value = int(spelling) if spelling.isdigit() else float(spelling)

    (reading,) = parse_counts(f'{{"{name}": {spelling}}}'.encode()).values()
    assert isinstance(reading, Unknown) if value == inf else reading == value


@given(names, spellings)
def test_a_negative_number_is_unknown_in_every_notation(name, spelling):
    (reading,) = parse_counts(f'{{"{name}": -{spelling}}}'.encode()).values()

    assert isinstance(reading, Unknown) == (float(spelling) > 0)


@given(names, st.lists(json_values, min_size=2, max_size=4))
def test_a_repeated_name_is_unknown_whatever_its_values(name, values):
    readings = parse_counts(encode([(name, value) for value in values]))

    assert readings.keys() == {name}
    assert isinstance(readings[name], Unknown)


@given(st.dictionaries(names, json_values, max_size=5), st.text(" \t\r\n", max_size=5))
def test_surrounding_white_space_is_ignored(answer, space):
    text = json.dumps(answer)

    assert parse_counts(f"{space}{text}{space}".encode()) == parse_counts(text.encode())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="no name"),
        pytest.param("x" * (MAX_NAME + 1), id="too long"),
        pytest.param("wor\x00ker", id="a NUL, which PostgreSQL rejects"),
        pytest.param("wor\ud800ker", id="half a surrogate pair, invalid in UTF-8"),
        pytest.param("wor\nker", id="a line break"),
        pytest.param("\x1b[2Jworker", id="an escape sequence"),
    ],
)
def test_an_impossible_name_is_skipped_and_the_others_are_read(name):
    assert parse_counts(json.dumps({name: 5, "mailer": 3}).encode()) == {"mailer": 3}


@given(st.dictionaries(st.text(), st.integers(0)))
def test_every_name_fits_one_line_of_utf_8(counts):
    for name in read(json.dumps(counts).encode()):
        assert len(name.encode().splitlines()) == 1
        assert b"\0" not in name.encode()

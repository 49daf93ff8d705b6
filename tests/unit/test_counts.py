"""Parsing an answer in the plain form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from scalar.formats.plain import parse_counts


def test_the_readmes_example_is_read():
    body = b'{"celeryd": 2, "celerybd": 99, "someotherproc": 0}'

    assert parse_counts(body) == {"celeryd": 2, "celerybd": 99, "someotherproc": 0}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("null", Reason.COUNT_NULL, id="null"),
        pytest.param('"5"', Reason.COUNT_INVALID, id="text"),
        pytest.param("true", Reason.COUNT_INVALID, id="true is not 1"),
        pytest.param("false", Reason.COUNT_INVALID, id="false is not 0"),
        pytest.param("[]", Reason.COUNT_INVALID, id="a list"),
        pytest.param("{}", Reason.COUNT_INVALID, id="an object"),
        pytest.param("NaN", Reason.COUNT_INVALID, id="NaN"),
        pytest.param("Infinity", Reason.COUNT_INVALID, id="Infinity"),
        pytest.param("-Infinity", Reason.COUNT_INVALID, id="-Infinity"),
        pytest.param("1e400", Reason.COUNT_INVALID, id="a float beyond the largest"),
        pytest.param("-1", Reason.COUNT_INVALID, id="negative"),
        pytest.param("-0.5", Reason.COUNT_INVALID, id="a negative fraction"),
    ],
)
def test_an_invalid_count_is_unknown_and_does_not_affect_the_others(text, reason):
    readings = parse_counts(b'{"worker": %s, "mailer": 3}' % text.encode())

    assert isinstance(readings["worker"], Unknown)
    assert readings["worker"].reason is reason
    assert readings["mailer"] == 3


def test_a_process_type_named_twice_is_unknown():
    """5, then 0: using the last value would stop a busy dyno."""
    readings = parse_counts(b'{"worker": 5, "worker": 0}')

    assert isinstance(readings["worker"], Unknown)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"<html>503</html>", id="a page"),
        pytest.param(b'{"worker": 1', id="cut off"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b"5", id="a number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"worker"', id="text"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b'{"worker": \xff}', id="not UTF-8"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"a":' * 50_000, id="objects nested too deep"),
        pytest.param(b'{"worker": ' + b"9" * 5000 + b"}", id="too many digits"),
        pytest.param(
            json.dumps({f"p{n}": 1 for n in range(501)}).encode(),
            id="more process types than allowed",
        ),
    ],
)
def test_anything_but_an_object_of_counts_is_rejected(body):
    with pytest.raises(CountsMalformed):
        parse_counts(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(body):
    try:
        readings = parse_counts(body)
    except CountsMalformed:
        readings = {}

    assert all(
        isinstance(reading, Unknown) or reading >= 0 for reading in readings.values()
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


names = st.text(min_size=1, max_size=20).filter(str.isprintable)


@given(st.dictionaries(names, json_values, max_size=6))
def test_every_member_is_a_count_or_unknown(answer):
    readings = parse_counts(json.dumps(answer).encode())

    assert readings.keys() == answer.keys()
    for name, reading in readings.items():
        is_count = (
            isinstance(answer[name], int | float)
            and not isinstance(answer[name], bool)
            and 0 <= answer[name] < float("inf")
        )
        assert is_count == (not isinstance(reading, Unknown))
        assert not is_count or reading == answer[name]

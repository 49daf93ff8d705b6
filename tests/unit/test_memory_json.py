"""An app's memory as JSON: read back complete, or as an empty memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.adapters.redis.memory_json import VERSION, dump, load
from scalar.core.app_state import (
    NOTHING,
    WHOLE_APP,
    Hold,
    Memory,
    Past,
    Refusal,
    Stopped,
)
from scalar.core.drain_time import Drained
from scalar.core.event import Event, EventKind
from scalar.core.formation import ProcessType
from scalar.core.reason import Cause, Reason
from scalar.core.recommendation_window import Slice

names = st.text(min_size=1, max_size=8)
details = st.text(max_size=20)
moments = st.integers(0, 4 * 10**15).map(
    lambda microseconds: (
        datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    )
)
counts = st.none() | st.integers(0) | st.floats(0, allow_infinity=False)
quantities = st.integers(0, 1000)
events = st.builds(
    Event,
    at=moments,
    app=names,
    process_type=st.none() | names,
    kind=st.sampled_from(EventKind),
    reason=st.sampled_from(Reason),
    from_quantity=st.none() | quantities,
    to_quantity=st.none() | quantities,
    count=counts,
    detail=details,
    id=names | st.just(""),
)
slices = st.lists(
    st.builds(Slice, moments, moments, quantities, quantities), max_size=3
).map(tuple)
jobs = st.integers(0, 10**30) | st.floats(0, allow_infinity=False)
pasts = st.builds(
    Past,
    failures=st.integers(0, 10**6),
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
        Drained, moments, jobs, quantities, jobs, jobs, falls=st.integers(0, 300)
    ),
    told=st.none() | quantities,
    busy_since=st.none() | moments,
)
memories = st.builds(
    Memory,
    formation=st.none()
    | st.dictionaries(names, st.builds(ProcessType, quantities, details), max_size=4),
    read_at=st.none() | moments,
    limits=st.dictionaries(names, quantities, max_size=4),
    reported=st.frozensets(names, max_size=4),
    holds=st.dictionaries(
        names | st.just(WHOLE_APP),
        st.builds(
            Hold,
            st.sampled_from(Reason),
            moments,
            st.integers(1, 10**6),
            details,
            st.booleans(),
        ),
        max_size=3,
    ),
    refusal=st.none()
    | st.builds(
        Refusal,
        st.builds(Cause, st.sampled_from(Reason), details),
        moments,
        st.integers(1, 100),
    ),
    slow=st.booleans(),
    unanswered=st.integers(0, 10**6),
    rest=st.floats(0, 3600),
    stuck=st.booleans(),
    unconfirmed=st.lists(events, max_size=2).map(tuple),
    since=st.none() | moments,
    pasts=st.dictionaries(names, pasts, max_size=3),
    released_at=st.none() | moments,
    maintenance_at=st.none() | moments,
    leased_until=st.none() | moments,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(memories)
def test_a_memory_is_read_back_unchanged(memory):
    assert load(dump(memory)) == memory
    assert load(dump(memory).encode()) == memory


@given(memories)
def test_the_json_is_one_line_of_ascii(memory):
    text = dump(memory)

    assert text.isascii()
    assert "\n" not in text


def test_an_empty_memory_takes_few_bytes():
    assert len(dump(Memory())) < 10


@pytest.mark.parametrize("text", [None, "", b""])
def test_a_missing_text_is_an_empty_memory(text):
    assert load(text) == Memory()


@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_garbage_is_an_empty_memory(text):
    assert load(text) == Memory()


@given(memories, st.data())
def test_a_truncated_text_is_an_empty_memory(memory, data):
    text = dump(memory)

    assert load(text[: data.draw(st.integers(0, len(text) - 1))]) == Memory()


@given(memories, st.sampled_from(list(Memory.__slots__)), json_values)
def test_a_field_of_another_shape_raises_no_error(memory, field, value):
    """Another version may have written it."""
    data = {**json.loads(dump(memory)), field: value}

    assert isinstance(load(json.dumps(data)), Memory)


def drained(**fields):
    """Return a stored drain rate, with some fields replaced."""
    numbers = {"count": 1, "quantity": 1, "jobs": 1, "dyno_seconds": 1, "falls": 1}
    return {"at": "2026-01-01T12:00:00+00:00", **numbers, **fields}


def slice_of(**fields):
    """Return a stored slice, with some fields replaced."""
    time = "2026-01-01T12:00:00+00:00"
    return {"since": time, "until": time, "lowest": 1, "highest": 1, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"formation": {"web": []}}, id="a row without a quantity"),
        pytest.param({"formation": {"web": [float("inf"), ""]}}, id="infinite dynos"),
        pytest.param({"formation": {"web": [None, ""]}}, id="null dynos"),
        pytest.param({"formation": [["web", 1]]}, id="a list for a formation"),
        pytest.param({"limits": {"web": float("nan")}}, id="a limit of NaN"),
        pytest.param({"read_at": "2026-01-01T12:00:00"}, id="a time without its zone"),
        pytest.param({"read_at": "yesterday"}, id="an invalid time"),
        pytest.param({"read_at": 5}, id="a number for a time"),
        pytest.param({"holds": {"web": {"reason": "x"}}}, id="a hold without a time"),
        pytest.param(
            {"holds": {"web": {"reason": "new_word", "since": "2026-01-01T12:00Z"}}},
            id="an unknown reason",
        ),
        pytest.param(
            {"refusal": {"reason": "forbidden", "detail": "", "until": None}},
            id="a refusal without an end",
        ),
        pytest.param({"unconfirmed": [{"at": None}]}, id="an event without a time"),
        pytest.param({"unconfirmed_ids": ["x"]}, id="an id without an event"),
        pytest.param({"pasts": {"web": {"failures": "x"}}}, id="text for failures"),
        pytest.param(
            {"pasts": {"web": {"recommended_up": [{"lowest": 1}]}}},
            id="a recommendation without a time",
        ),
        pytest.param(
            {"pasts": {"web": {"recommended_up": [slice_of(until=None)]}}},
            id="a recommendation whose time is null",
        ),
        pytest.param(
            {"pasts": {"web": {"drained": {"at": "2026-01-01T12:00Z"}}}},
            id="a rate without numbers",
        ),
        pytest.param(
            {"pasts": {"web": {"drained": drained(jobs="1")}}},
            id="text for a number of a rate",
        ),
        pytest.param(
            {"pasts": {"web": {"drained": drained(count=None)}}},
            id="null for a number of a rate",
        ),
        pytest.param({"pasts": {"web": {"told": "x"}}}, id="text for a recommendation"),
        pytest.param({"v": VERSION + 1, "slow": True}, id="a newer version"),
        pytest.param({"v": None, "slow": True}, id="no version"),
    ],
)
def test_an_unreadable_memory_is_an_empty_memory(fields):
    assert load(json.dumps({"v": VERSION, **fields})) == Memory()


def test_a_stored_drain_rate_is_read():
    (past,) = load(
        json.dumps({"v": VERSION, "pasts": {"web": {"drained": drained()}}})
    ).pasts.values()

    assert past.drained.jobs == 1


def test_the_window_of_an_older_version_is_ignored():
    """The window starts empty, which never scales anything down."""
    text = json.dumps({"v": VERSION, "pasts": {"web": {"recommended": [{"x": 1}]}}})

    assert load(text).pasts == {"web": NOTHING}


def test_an_empty_past_takes_few_bytes():
    assert dump(Memory(pasts={"web": NOTHING})) == '{"v":1,"pasts":{"web":{}}}'


def test_deeply_nested_json_is_an_empty_memory():
    assert load("[" * 200_000) == Memory()

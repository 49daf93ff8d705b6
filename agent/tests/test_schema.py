"""The schema of the rich form, and that every answer satisfies it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scalar_agent.report import rich
from scalar_agent.work import Work

SCHEMA = json.loads(
    (resources.files("scalar_agent") / "counts-v1.schema.json").read_text()
)
VALIDATOR = Draft202012Validator(SCHEMA)

seconds = st.none() | st.floats(-10, 1e9)
jobs = st.integers(0, 10**9)
parts = st.sampled_from(["count", "latency", "busy_dynos", "next_eta", "stranded"])
works = st.builds(
    Work,
    count=st.none() | jobs,
    at_least=jobs,
    latency=seconds,
    busy_dynos=st.none()
    | st.lists(st.sampled_from(["worker.1", "worker.2"])).map(tuple),
    next_eta=seconds,
    stranded=st.none() | jobs,
    unknown=st.dictionaries(parts, st.text(min_size=1)),
)


def is_valid(**work: Any) -> bool:
    return VALIDATOR.is_valid({"version": 1, "process_types": {"worker": work}})


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(deadline=None)
@given(st.dictionaries(st.text(min_size=1), works))
def test_every_rendered_answer_is_valid(work: dict[str, Work]) -> None:
    VALIDATOR.validate(json.loads(rich(work)))


@pytest.mark.parametrize(
    "work",
    [
        {"count": 0},
        {"count": 12, "latency": 3.2, "busy_dynos": [], "next_eta": None},
        {"count": None, "unknown": {"count": "why"}},
        {"count": None, "at_least": 3, "unknown": {"count": "why"}},
        {"count": 1, "latency": None, "unknown": {"latency": "why"}},
        {"count": 1, "of_a_later_version": {"x": 1}},
    ],
)
def test_valid_work(work: dict[str, Any]) -> None:
    assert is_valid(**work)


@pytest.mark.parametrize(
    "work",
    [
        {},
        {"count": -1},
        {"count": 1.5},
        {"count": "1"},
        {"count": True},
        {"count": None},
        {"count": None, "unknown": {"latency": "why"}},
        {"count": 1, "at_least": 1},
        {"count": 1, "latency": -0.1},
        {"count": 1, "latency": None},
        {"count": 1, "busy_dynos": None},
        {"count": 1, "busy_dynos": "worker.1"},
        {"count": 1, "busy_dynos": [2]},
        {"count": 1, "next_eta": "soon"},
        {"count": 1, "stranded": None},
        {"count": 1, "unknown": {"latency": ""}},
    ],
)
def test_invalid_work(work: dict[str, Any]) -> None:
    assert not is_valid(**work)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"version": 1},
        {"version": 2, "process_types": {}},
        {"process_types": {}},
        {"version": 1, "process_types": {"": {"count": 1}}},
        {"version": 1, "process_types": {"worker": 1}},
        {"worker": 12},
    ],
)
def test_not_an_answer_of_this_version(answer: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(answer)


def test_every_member_is_described() -> None:
    members = {**SCHEMA["properties"], **SCHEMA["$defs"]["work"]["properties"]}

    assert all(member["description"] for member in members.values())

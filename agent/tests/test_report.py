"""The two forms of the answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scalar_agent.report import plain, rich
from scalar_agent.work import Work


def rich_of(work: Work) -> dict[str, Any]:
    answer = json.loads(rich({"worker": work}))
    assert answer["version"] == 1
    parts: dict[str, Any] = answer["process_types"]["worker"]
    return parts


def test_the_plain_form_has_only_the_counts() -> None:
    work = {"worker": Work(12, latency=3.0), "mailer": Work(None, at_least=3)}

    assert plain(work) == b'{"worker": 12, "mailer": null}'


def test_the_rich_form_has_everything_that_is_known() -> None:
    work = Work(12, 0, 3.2, ("worker.2",), 840.0, 1)

    assert rich_of(work) == {
        "count": 12,
        "latency": 3.2,
        "busy_dynos": ["worker.2"],
        "next_eta": 840.0,
        "stranded": 1,
    }


def test_parts_that_were_not_requested_are_left_out() -> None:
    assert rich_of(Work(0)) == {"count": 0, "next_eta": None, "stranded": 0}


def test_an_unknown_part_is_null_with_a_reason() -> None:
    reasons = {"count": "why", "latency": "how", "busy_dynos": "who", "stranded": "x"}

    assert rich_of(Work(None, at_least=3, stranded=None, unknown=reasons)) == {
        "count": None,
        "at_least": 3,
        "latency": None,
        "busy_dynos": None,
        "next_eta": None,
        "stranded": None,
        "unknown": reasons,
    }


def test_at_least_is_reported_only_for_an_unknown_count() -> None:
    assert "at_least" not in rich_of(Work(3, at_least=2))


def test_an_unknown_count_has_a_reason_even_if_none_was_given() -> None:
    assert rich_of(Work(None))["unknown"] == {"count": "not known"}


def test_no_busy_dyno_differs_from_not_reported() -> None:
    assert rich_of(Work(0, busy_dynos=()))["busy_dynos"] == []


def test_times_are_rounded_to_milliseconds_and_never_negative() -> None:
    parts = rich_of(Work(0, latency=1.23456, next_eta=-0.2))

    assert (parts["latency"], parts["next_eta"]) == (1.235, 0.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_time_that_is_not_finite_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        rich({"worker": Work(0, latency=value, next_eta=value)})


def test_no_process_types_at_all() -> None:
    assert plain({}) == b"{}"
    assert json.loads(rich({})) == {"version": 1, "process_types": {}}

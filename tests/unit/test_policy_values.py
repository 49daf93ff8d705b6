"""The texts of a policy's values: read as meant, or refused with the rule."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import InvalidInput
from scalar.core.policy.policy import Policy
from scalar.core.policy.schedule_text import read_schedule
from scalar.core.policy.values import (
    BY_NAME,
    PAUSES,
    UNTIL_RESUMED,
    VALUES,
    check_together,
    read_value,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("boundary", "0", 0),
        ("boundary", " 1000000000000 ", 10**12),
        ("drain_time", "90", timedelta(seconds=90)),
        ("drain_time", "90s", timedelta(seconds=90)),
        ("stabilization_up", "0", timedelta(0)),
        ("stabilization_down", "5m", timedelta(minutes=5)),
        ("cooldown_up", "2H", timedelta(hours=2)),
        ("cooldown_down", "1 d", timedelta(days=1)),
        ("manual_lease", "7d", timedelta(days=7)),
        ("release_grace", "604800", timedelta(days=7)),
        ("jobs_per_second", "0.25", 0.25),
        ("jobs_per_second", "1e-9", 1e-9),
        ("tolerance", "0", 0.0),
        ("tolerance", "0.999", 0.999),
        ("tolerance_up", "0", 0.0),
        ("tolerance_down", "0.3", 0.3),
        ("wake", "1000", 1000),
        ("min", "0", 0),
        ("max", "0", 0),
        ("fallback", "3", 3),
        ("fallback_after", "1", 1),
        ("max_step_up", "1", 1),
        ("dry_run", "TRUE", True),
        ("dry_run", "no", False),
        ("down_when_empty", "1", True),
        ("pause_up", "resumed", UNTIL_RESUMED),
        (
            "pause_down",
            "2026-12-24T18:00:00+01:00",
            datetime(2026, 12, 24, 17, tzinfo=UTC),
        ),
        ("max", "none", None),
    ],
)
def test_a_text_stands_for_a_value(name, text, value):
    assert read_value(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("boundary", "-1", "must be from 0 to 1000000000000"),
        ("boundary", "1.5", "must be an integer"),
        ("boundary", "1_000", "must be an integer"),
        ("boundary", "9" * 5_000, "must be an integer"),
        ("drain_time", "0", "must be above 0"),
        ("drain_time", "8d", "must be at most 7d"),
        ("drain_time", "1:30", "must be seconds, or a time such as 90s, 5m, 2h, 1d"),
        ("stabilization_up", "1.5m", "must be seconds, or a time such as"),
        ("stabilization_down", "-5m", "must be seconds, or a time such as"),
        ("cooldown_up", "5 minutes", "must be seconds, or a time such as"),
        ("cooldown_down", "999999999d", "must be at most 7d"),
        ("jobs_per_second", "0", "must be from 1e-9 to below 1e9"),
        ("jobs_per_second", "1e9", "must be from 1e-9 to below 1e9"),
        ("jobs_per_second", "nan", "must be from 1e-9 to below 1e9"),
        ("tolerance", "1", "must be from 0 to below 1"),
        ("tolerance", "10%", "must be from 0 to below 1"),
        ("tolerance", "-0.1", "must be from 0 to below 1"),
        ("tolerance", "inf", "must be from 0 to below 1"),
        ("wake", "1001", "must be from 0 to 1000"),
        ("min", "-1", "must be from 0 to 1000"),
        ("max", "many", "must be an integer"),
        ("max_step_up", "0", "must be from 1 to 1000"),
        ("max_step_down", "0", "must be from 1 to 1000"),
        ("fallback", "", "must be an integer"),
        ("fallback_after", "0", "must be from 1 to 1000000"),
        ("dry_run", "maybe", "must be yes, no, on, off, true, false, 1 or 0"),
        ("down_when_empty", "2", "must be yes, no, on, off, true, false, 1 or 0"),
        ("schedule", "daily", "must begin with a time zone"),
        ("pause_up", "18:00", "must be a time with its offset, or `resumed`"),
        ("pause_up", "2026-12-24T18:00", "must be a time with its offset"),
        ("pause_down", "0001-01-01T00:00+23:59", "must be a time with its offset"),
        ("pause_down", "9999-12-31T23:59-23:59", "must be a time with its offset"),
        ("pause_down", "tomorrow", "must be a time with its offset, or `resumed`"),
    ],
)
def test_a_wrong_text_is_refused_with_its_name_itself_and_the_rule(name, text, rule):
    with pytest.raises(InvalidInput) as refusal:
        read_value(name, text)

    assert str(refusal.value).startswith(f"{name} = {text!r}, {rule}")


def test_an_unknown_value_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput) as refusal:
        read_value("minimum", "3")

    assert str(refusal.value).startswith(
        "unknown policy value 'minimum'; choose from boundary, "
    )
    assert "pause" not in str(refusal.value)


@given(st.sampled_from(sorted(BY_NAME)), st.text() | st.from_regex(r"[0-9.e:+T-]{1,9}"))
def test_garbage_raises_nothing_but_invalid_input(name, text):
    with suppress(InvalidInput):
        read_value(name, text)


def test_every_value_is_a_field_and_every_field_but_two_a_value():
    of_values = [value.field for value in VALUES]

    assert sorted([*of_values, "may_sleep", "notes", "why_paused"]) == sorted(
        f.name for f in fields(Policy)
    )


def test_all_but_the_pauses_may_be_set_in_the_environment():
    assert {value.name for value in VALUES if not value.variable} == PAUSES


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"min": 3, "max": 2}, r"max = 2, must be at least min \(3\)"),
        ({"wake": 3, "max": 2}, r"max = 2, must be at least wake \(3\)"),
        ({"fallback": 3, "max": 2}, r"max = 2, must be at least fallback \(3\)"),
        (
            {"min": 5, "schedule": "max=4"},
            r"max would be 4, must be at least min \(5\)",
        ),
        (
            {"max": 3, "schedule": "min=4"},
            r"max would be 3, must be at least min \(4\)",
        ),
        (
            {"latency_up": MINUTE, "drain_time": MINUTE},
            "latency_up and drain_time do not go together",
        ),
        ({"latency_down": MINUTE}, "latency_down needs a latency_up"),
        (
            {"latency_up": MINUTE, "latency_down": 2 * MINUTE},
            r"latency_down = 120s, must be at most latency_up \(60s\)",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused(values, rule):
    if "schedule" in values:
        window = f"UTC: daily 08:00-09:00 {values['schedule']}"
        values = {**values, "schedule": read_schedule(window)}

    with pytest.raises(InvalidInput, match=rule):
        check_together(values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"min": 3},
        {"min": 3, "max": 3, "wake": 3, "fallback": 3},
        {"max": 0},
        {"min": 2, "max": 3, "schedule": "min=5 max=9"},
        {"min": 2, "max": 3, "schedule": "max=2"},
    ],
)
def test_values_that_go_together_are_taken(values):
    if "schedule" in values:
        window = f"UTC: daily 08:00-09:00 {values['schedule']}"
        values = {**values, "schedule": read_schedule(window)}

    check_together(values)

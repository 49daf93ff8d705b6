"""A schedule as people write it: read as meant, or refused with the rule."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import InvalidInput
from scalar.core.policy.schedule_text import (
    MOST_DATES,
    MOST_WINDOWS,
    WEEKDAYS,
    read_schedule,
)


def only_window(text):
    (window,) = read_schedule(f"UTC: {text}").windows
    return window


def test_the_example_of_the_documentation():
    schedule = read_schedule(
        "Europe/Berlin: mon-fri 08:00-18:00 min=2 max=10; sat,sun 00:00-24:00 max=1"
    )

    first, second = schedule.windows
    assert str(schedule.zone) == "Europe/Berlin"
    assert (first.weekdays, first.start, first.end) == (
        frozenset(range(5)),
        time(8),
        time(18),
    )
    assert (first.min_dynos, first.max_dynos, first.priority) == (2, 10, 0)
    assert (second.weekdays, second.end) == (frozenset({5, 6}), time(0))
    assert (second.min_dynos, second.max_dynos) == (None, 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "UTC:\ndaily 08:00-09:00 min=1\nsat 10:00-11:00 max=2", id="lines"
        ),
        pytest.param(
            "UTC: daily 08:00-09:00 min=1;;\n;sat 10:00-11:00 max=2;", id="gaps"
        ),
        pytest.param(
            "UTC:  DAILY  8:00-9:00   min=1 ;\tSat 10:00-11:00 max=2", id="spaces, case"
        ),
    ],
)
def test_windows_stand_on_lines_or_between_semicolons(text):
    windows = read_schedule(text).windows

    assert [(w.start.hour, w.min_dynos, w.max_dynos) for w in windows] == [
        (8, 1, None),
        (10, None, 2),
    ]


def test_dates_and_ranges_of_dates():
    window = only_window("2026-12-24,2026-12-30..2027-01-01 00:00-24:00 min=1")

    assert window.dates == {
        date(2026, 12, 24),
        date(2026, 12, 30),
        date(2026, 12, 31),
        date(2027, 1, 1),
    }


def test_dates_that_are_left_out():
    window = only_window("daily 08:00-09:00 min=1 except=2026-12-24..2026-12-25")

    assert window.except_dates == {date(2026, 12, 24), date(2026, 12, 25)}


def test_a_window_is_shown_as_it_was_written():
    assert only_window(" Daily 8:00-09:00 min=01 ").text == "Daily 8:00-09:00 min=01"


def test_a_leap_year_of_dates_fits():
    window = only_window("2028-01-01..2028-12-31 08:00-09:00 min=1")

    assert len(window.dates) == 366


@pytest.mark.parametrize(
    ("window", "rule"),
    [
        ("daily", "must have days, then times such as 08:00-18:00"),
        ("daily 08:00", "must have days, then times such as 08:00-18:00"),
        ("08:00-18:00 min=1", "must have days, then times such as 08:00-18:00"),
        ("daily 8-18 min=1", "must have days, then times such as 08:00-18:00"),
        ("daily 08:60-09:00 min=1", "08:60-09:00 must begin from 00:00 to 23:59"),
        ("daily 24:00-02:00 min=1", "24:00-02:00 must begin from 00:00 to 23:59"),
        ("daily 08:00-24:01 min=1", "08:00-24:01 must begin from 00:00 to 23:59"),
        ("daily 08:00-18:00", "must set min= or max="),
        ("daily 08:00-18:00 priority=1", "must set min= or max="),
        ("daily 08:00-18:00 min=3 max=2", "max=2 must be at least min=3"),
        ("daily 08:00-18:00 min=-1", "min=-1 must be from 0 to 1000"),
        ("daily 08:00-18:00 min=", "min= must be from 0 to 1000"),
        ("daily 08:00-18:00 max=1001", "max=1001 must be from 0 to 1000"),
        ("daily 08:00-18:00 max=9999999999", "must be from 0 to 1000"),
        ("daily 08:00-18:00 min=1.5", "min=1.5 must be from 0 to 1000"),
        ("daily 08:00-18:00 min=1 priority=-1", "priority=-1 must be from 0 to 1000"),
        ("daily 08:00-18:00 min=1 min=2", "min= must stand once"),
        ("daily 08:00-18:00 dynos=1", "'dynos=1' must be min=, max=, priority="),
        ("daily 08:00-18:00 2", "'2' must be min=, max=, priority= or except="),
        ("weekend 08:00-18:00 min=1", "'weekend' must be daily, mon, tue"),
        ("mon- 08:00-18:00 min=1", "'mon-' must be daily, mon, tue"),
        ("mon-fri-sun 08:00-18:00 min=1", "'mon-fri-sun' must be daily, mon, tue"),
        ("mon, 08:00-18:00 min=1", "'' must be daily, mon, tue"),
        ("mon,2026-12-24 08:00-18:00 min=1", "must have weekdays or dates, not both"),
        ("2026-02-29 08:00-18:00 min=1", "'2026-02-29' must be a date such as"),
        ("24.12.2026 08:00-18:00 min=1", "'24.12.2026' must be a date such as"),
        ("2026-12-24.. 08:00-18:00 min=1", "'2026-12-24..' must be a date such as"),
        (
            "2026-12-26..2026-12-24 08:00-18:00 min=1",
            f"'2026-12-26..2026-12-24' must be 1 to {MOST_DATES} days",
        ),
        (
            "2026-01-01..2062-01-01 08:00-18:00 min=1",
            f"'2026-01-01..2062-01-01' must be 1 to {MOST_DATES} days",
        ),
        ("0001-01-01 08:00-18:00 min=1", "'0001-01-01' must be from 2000 to 2999"),
        ("9999-12-31 08:00-18:00 min=1", "'9999-12-31' must be from 2000 to 2999"),
        ("daily 08:00-18:00 min=1 except=xmas", "'xmas' must be a date such as"),
    ],
)
def test_a_wrong_window_is_named_with_the_rule(window, rule):
    with pytest.raises(InvalidInput) as refusal:
        read_schedule(f"UTC: sun 01:00-02:00 min=7; {window}")

    assert str(refusal.value).startswith(f"window {window!r}: ")
    assert rule in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must begin with a time zone and a colon"),
        ("daily 08:00-18:00 min=1", "must begin with a time zone and a colon"),
        ("UTC:", "must begin with a time zone and a colon"),
        ("UTC: ", f"must have 1 to {MOST_WINDOWS} windows"),
        ("UTC: ;;", f"must have 1 to {MOST_WINDOWS} windows"),
        ("UTC: " + "x;" * (MOST_WINDOWS + 1), f"must have 1 to {MOST_WINDOWS} windows"),
        (
            "Berlin: daily 08:00-18:00 min=1",
            "such as Europe/Berlin or UTC, not 'Berlin'",
        ),
        ("Europe: daily 08:00-18:00 min=1", "must name a time zone such as"),
        ("../UTC: daily 08:00-18:00 min=1", "must name a time zone such as"),
        (": daily 08:00-18:00 min=1", "must name a time zone such as"),
        ("\0: daily 08:00-18:00 min=1", "must name a time zone such as"),
        ("x" * 9_000 + ": daily 08:00-18:00 min=1", "must name a time zone such as"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_rule(text, rule):
    with pytest.raises(InvalidInput) as refusal:
        read_schedule(text)

    assert rule in str(refusal.value)


dates = st.dates().map(date.isoformat)
times = st.times().map(lambda t: f"{t:%H:%M}") | st.just("24:00") | st.text(max_size=3)
day_texts = (
    st.sampled_from([*WEEKDAYS, "daily", "mon-fri", "sun-mon", ""])
    | dates
    | st.builds("{}..{}".format, dates, dates)
    | st.text(max_size=5)
)
window_texts = st.builds(
    "{} {}-{} {}={} except={}".format,
    st.lists(day_texts, min_size=1, max_size=3).map(",".join),
    times,
    times,
    st.sampled_from(["min", "max", "priority", "x"]),
    st.integers(-1, 2_000) | st.text(max_size=3),
    day_texts,
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia", ""]) | st.text(max_size=5)


@given(
    st.text()
    | st.builds(
        "{}: {}".format, zones, st.lists(window_texts, max_size=3).map(";".join)
    )
)
def test_garbage_raises_nothing_but_invalid_input(text):
    with suppress(InvalidInput):
        read_schedule(text)


ends = st.sampled_from(["0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"])


@given(st.lists(st.builds("{} 08:00-20:00 min=1".format, ends | dates), max_size=4))
def test_dates_at_the_ends_of_time_raise_nothing_else_either(windows):
    with suppress(InvalidInput):
        read_schedule("UTC: " + ";".join(windows))

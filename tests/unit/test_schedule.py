"""Which window counts when, on the wall clock of its time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.errors import InvalidInput
from scalar.core.policy.schedule import overlapping
from scalar.core.policy.schedule_text import read_schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def open_times(text, start, end):
    """Return when windows open and shut, to the minute, as texts in UTC."""
    schedule, changes, before = read_schedule(text), [], None
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)
    last = datetime.fromisoformat(end).replace(tzinfo=UTC)
    while at < last:
        window = schedule.window_at(at)
        if (window is not None) != before:
            before = window is not None
            changes.append(f"{'open' if before else 'shut'} {at:%d %H:%M}")
        at += timedelta(minutes=1)
    return changes


def window_at(text, at):
    window = read_schedule(text).window_at(datetime.fromisoformat(at))
    return window and window.text


@pytest.mark.parametrize(
    ("text", "at", "is_open"),
    [
        # 2026-01-01 is a Thursday
        pytest.param("daily 08:00-18:00", "01T08:00:00", True, id="at its start"),
        pytest.param("daily 08:00-18:00", "01T07:59:59", False, id="just before"),
        pytest.param(
            "daily 08:00-18:00", "01T17:59:59", True, id="just before its end"
        ),
        pytest.param("daily 08:00-18:00", "01T18:00:00", False, id="at its end"),
        pytest.param("daily 22:00-06:00", "01T23:00:00", True, id="before midnight"),
        pytest.param("daily 22:00-06:00", "01T05:59:59", True, id="after midnight"),
        pytest.param("daily 22:00-06:00", "01T06:00:00", False, id="the next morning"),
        pytest.param("thu 22:00-06:00", "02T05:00:00", True, id="thursday into friday"),
        pytest.param("thu 22:00-06:00", "01T05:00:00", False, id="wednesday's night"),
        pytest.param("sun 22:00-06:00", "05T05:00:00", True, id="sunday into monday"),
        pytest.param("mon 22:00-06:00", "05T05:00:00", False, id="monday's own night"),
        pytest.param("daily 08:00-24:00", "01T23:59:59", True, id="until 24:00"),
        pytest.param("thu 08:00-24:00", "02T00:00:00", False, id="24:00 is outside"),
        pytest.param("daily 00:00-24:00", "01T00:00:00", True, id="the whole day"),
        pytest.param("thu 00:00-00:00", "01T23:59:59", True, id="00:00 to 00:00"),
        pytest.param("thu 09:00-09:00", "02T08:59:59", True, id="24 hours on"),
        pytest.param("thu 09:00-09:00", "01T08:59:59", False, id="not 24 hours back"),
        pytest.param("mon-fri 08:00-18:00", "02T12:00:00", True, id="friday"),
        pytest.param("mon-fri 08:00-18:00", "03T12:00:00", False, id="saturday"),
        pytest.param("sat,sun 08:00-18:00", "03T12:00:00", True, id="a list"),
        pytest.param("fri-mon 08:00-18:00", "04T12:00:00", True, id="over the weekend"),
        pytest.param("fri-mon 08:00-18:00", "06T12:00:00", False, id="tuesday"),
        pytest.param("2026-01-02 08:00-18:00", "02T12:00:00", True, id="a date"),
        pytest.param("2026-01-02 08:00-18:00", "03T12:00:00", False, id="another date"),
        pytest.param(
            "2026-01-02 22:00-06:00", "03T05:00:00", True, id="a date's night"
        ),
        pytest.param(
            "2026-01-01..2026-01-03 08:00-18:00", "03T12:00:00", True, id="dates"
        ),
        pytest.param(
            "2026-01-01..2026-01-03 08:00-18:00", "04T12:00:00", False, id="after them"
        ),
        pytest.param(
            "daily 08:00-18:00 except=2026-01-02", "02T12:00:00", False, id="left out"
        ),
        pytest.param(
            "daily 22:00-06:00 except=2026-01-02",
            "02T05:00:00",
            True,
            id="began before",
        ),
        pytest.param(
            "daily 22:00-06:00 except=2026-01-02", "03T05:00:00", False, id="its night"
        ),
    ],
)
def test_a_window_holds_from_its_start_until_its_end(text, at, is_open):
    found = window_at(f"UTC: {text} min=2", f"2026-01-{at}+00:00")

    assert (found is not None) == is_open


def test_the_window_of_the_highest_priority_counts():
    text = "UTC: daily 00:00-24:00 min=1; daily 09:00-10:00 max=9 priority=2"

    assert window_at(text, "2026-01-01T08:59:59+00:00") == "daily 00:00-24:00 min=1"
    assert window_at(text, "2026-01-01T09:00:00+00:00").startswith("daily 09:00-10:00")


def test_any_aware_time_may_be_asked_for():
    text = "Europe/Berlin: daily 08:00-09:00 min=1"

    assert window_at(text, "2026-01-01T02:30:00-05:00") == "daily 08:00-09:00 min=1"


@pytest.mark.parametrize(
    ("zone", "window", "start", "end", "changes"),
    [
        pytest.param(
            BERLIN,
            "02:00-03:00",
            "2026-03-28 12:00",
            "2026-03-29 12:00",
            ["shut 28 12:00"],
            id="Berlin, spring: the hour that does not exist",
        ),
        pytest.param(
            BERLIN,
            "01:30-03:30",
            "2026-03-28 12:00",
            "2026-03-29 12:00",
            ["shut 28 12:00", "open 29 00:30", "shut 29 01:30"],
            id="Berlin, spring: two hours last one",
        ),
        pytest.param(
            BERLIN,
            "22:00-06:00",
            "2026-03-28 12:00",
            "2026-03-29 12:00",
            ["shut 28 12:00", "open 28 21:00", "shut 29 04:00"],
            id="Berlin, spring: a night lasts seven hours",
        ),
        pytest.param(
            BERLIN,
            "02:00-03:00",
            "2026-10-24 12:00",
            "2026-10-25 12:00",
            ["shut 24 12:00", "open 25 00:00", "shut 25 02:00"],
            id="Berlin, autumn: one hour lasts two",
        ),
        pytest.param(
            BERLIN,
            "22:00-06:00",
            "2026-10-24 12:00",
            "2026-10-25 12:00",
            ["shut 24 12:00", "open 24 20:00", "shut 25 05:00"],
            id="Berlin, autumn: a night lasts nine hours",
        ),
        pytest.param(
            BERLIN,
            "01:30-02:30",
            "2026-10-24 12:00",
            "2026-10-25 12:00",
            [
                *("shut 24 12:00", "open 24 23:30", "shut 25 00:30"),
                *("open 25 01:00", "shut 25 01:30"),
            ],
            id="Berlin, autumn: 02:15 comes twice",
        ),
        pytest.param(
            NEW_YORK,
            "02:00-03:00",
            "2026-03-07 12:00",
            "2026-03-08 18:00",
            ["shut 07 12:00"],
            id="New York, spring: the hour that does not exist",
        ),
        pytest.param(
            NEW_YORK,
            "20:00-08:00",
            "2026-03-07 14:00",
            "2026-03-08 18:00",
            ["shut 07 14:00", "open 08 01:00", "shut 08 12:00"],
            id="New York, spring: a night lasts eleven hours",
        ),
        pytest.param(
            NEW_YORK,
            "01:00-02:00",
            "2026-10-31 12:00",
            "2026-11-01 18:00",
            ["shut 31 12:00", "open 01 05:00", "shut 01 07:00"],
            id="New York, autumn: one hour lasts two",
        ),
        pytest.param(
            NEW_YORK,
            "20:00-08:00",
            "2026-10-31 14:00",
            "2026-11-01 18:00",
            ["shut 31 14:00", "open 01 00:00", "shut 01 13:00"],
            id="New York, autumn: a night lasts thirteen hours",
        ),
    ],
)
def test_daylight_saving_begins_and_ends_within_a_window(
    zone, window, start, end, changes
):
    date = start[:10] if zone == NEW_YORK and window.startswith("20") else None
    days = date or "daily"

    assert open_times(f"{zone}: {days} {window} min=2", start, end) == changes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("daily 08:00-12:00", "daily 11:59-13:00", id="a minute"),
        pytest.param("mon-fri 08:00-12:00", "fri,sat 08:00-12:00", id="a weekday"),
        pytest.param("mon 22:00-06:00", "tue 05:00-07:00", id="over midnight"),
        pytest.param("sun 22:00-06:00", "mon 05:00-07:00", id="sunday to monday"),
        pytest.param("mon 05:00-07:00", "sun 22:00-06:00", id="the other way round"),
        pytest.param("daily 00:00-24:00", "2026-12-24 08:00-09:00", id="a date"),
        pytest.param("wed 22:00-06:00", "2026-12-24 05:00-09:00", id="the day before"),
        pytest.param("fri 05:00-06:00", "2026-12-24 22:00-06:00", id="the day after"),
        pytest.param(
            "2026-12-24..2026-12-26 08:00-09:00",
            "2026-12-26..2026-12-28 08:30-09:00",
            id="two ranges of dates",
        ),
        pytest.param(
            "daily 08:00-12:00 except=2026-12-24",
            "daily 11:00-13:00 except=2026-12-25",
            id="each leaves out another day",
        ),
        pytest.param("thu 09:00-09:00", "fri 08:00-10:00", id="24 hours"),
    ],
)
def test_windows_of_equal_priority_must_not_overlap(one, other):
    with pytest.raises(InvalidInput, match="higher priority=") as refusal:
        read_schedule(f"UTC: {one} min=1; {other} max=9")
    assert f"'{one} min=1' and '{other} max=9'" in str(refusal.value)

    assert read_schedule(f"UTC: {one} min=1; {other} max=9 priority=1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "daily 08:00-12:00", "daily 12:00-13:00", id="one after the other"
        ),
        pytest.param("mon 22:00-06:00", "mon 05:00-07:00", id="monday's own morning"),
        pytest.param("mon 22:00-06:00", "tue 06:00-07:00", id="when the night is over"),
        pytest.param("sun 22:00-24:00", "mon 00:00-06:00", id="midnight between"),
        pytest.param("fri 00:00-24:00", "2026-12-24 08:00-09:00", id="a thursday"),
        pytest.param(
            "daily 00:00-24:00 except=2026-12-24",
            "2026-12-24 00:00-24:00",
            id="left out for it",
        ),
        pytest.param(
            "2026-12-24 08:00-09:00", "2026-12-25 08:00-09:00", id="other dates"
        ),
    ],
)
def test_windows_that_share_no_time_may_be_of_equal_priority(one, other):
    schedule = read_schedule(f"UTC: {one} min=1; {other} max=9")

    assert len(schedule.windows) == 2
    assert overlapping(reversed(schedule.windows)) is None


days = st.sampled_from(
    [
        *("daily", "mon", "sun", "mon-fri", "sat,sun", "fri-mon"),
        *("2026-01-05", "2026-01-04..2026-01-06"),
    ]
)
hours = st.integers(0, 23)
texts = st.builds(
    lambda day, start, end, left_out: (
        f"{day} {start:02}:00-{end:02}:30 min=1"
        + (f" except={left_out}" if left_out else "")
    ),
    days,
    hours,
    hours,
    st.none() | st.sampled_from(["2026-01-04", "2026-01-05", "2026-01-12"]),
)


@given(texts, texts)
def test_it_is_found_exactly_if_a_walk_through_three_weeks_finds_it(one, other):
    """2026-01-05 is a Monday; every day that is named lies in these weeks."""
    windows = [read_schedule(f"UTC: {text}").windows[0] for text in (one, other)]
    start = datetime(2025, 12, 29)  # noqa: DTZ001 - a wall clock has no zone
    halves = (start + timedelta(minutes=30 * number) for number in range(48 * 28))
    shared = any(all(w.holds_at(local) for w in windows) for local in halves)

    assert (overlapping(windows) is not None) == shared


def test_windows_of_whole_years_are_told_apart():
    windows = "; ".join(
        f"{2030 + n}-01-01..{2030 + n}-12-31 22:00-06:00 min=1" for n in range(30)
    )

    assert len(read_schedule(f"UTC: {windows}").windows) == 30

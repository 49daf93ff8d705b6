"""Windows of time with their own fewest and most dynos.

A window is read on the wall clock of its time zone, so daylight saving time needs
no rule of its own: in the night without an hour from 02:00 to 03:00, a window of
that hour is skipped; in the night with two of them, it lasts two hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import combinations

EVERY_DAY = frozenset(range(7))
#: Stands for 24:00, which `time` does not have.
MIDNIGHT = time(0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of time and its range of dynos.

    Attributes:
        text: The window as a person wrote it.
        start: When it opens, on the wall clock.
        end: When it closes (exclusive). If not after `start`, on the next day.
        weekdays: Days on which it opens, Monday is 0; ignored if there are `dates`.
        dates: The only days on which it opens; empty to use `weekdays`.
        except_dates: Days on which it does not open.
        min_dynos: Fewest dynos while open; None for the policy's own.
        max_dynos: Most dynos while open; None for the policy's own.
        priority: Of overlapping windows, the one with the highest priority counts.
    """

    text: str
    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY
    dates: frozenset[date] = frozenset()
    except_dates: frozenset[date] = frozenset()
    min_dynos: int | None = None
    max_dynos: int | None = None
    priority: int = 0

    def begins_on(self, day: date) -> bool:
        """Return whether it opens on a day."""
        if day in self.except_dates:
            return False
        return day in self.dates if self.dates else day.weekday() in self.weekdays

    def holds_at(self, local: datetime) -> bool:
        """Return whether it is open at a wall-clock time."""
        day, now = local.date(), local.time()
        if self.start < self.end:
            return self.begins_on(day) and self.start <= now < self.end
        return (self.begins_on(day) and now >= self.start) or (
            self.begins_on(day - DAY) and now < self.end
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows on the wall clock of one time zone.

    Attributes:
        zone: The time zone; its `str` is the name that a person gave.
        windows: In any order.
    """

    zone: tzinfo
    windows: tuple[Window, ...]

    def window_at(self, at: datetime) -> Window | None:
        """Return the window that counts at a time (aware); None if none is open."""
        local = at.astimezone(self.zone)
        open_now = [window for window in self.windows if window.holds_at(local)]
        return max(open_now, key=lambda window: window.priority, default=None)


def overlapping(windows: Iterable[Window]) -> tuple[Window, Window] | None:
    """Return two windows of equal priority that are open at the same time, if any.

    A day that either of them excludes is not shared.
    """
    for one, other in combinations(windows, 2):
        if one.priority == other.priority and _share_a_time(one, other):
            return one, other
    return None


def _share_a_time(one: Window, other: Window) -> bool:
    return any(
        _clash(one, other, day, later)
        for day in set(_days_to_try(one, other))
        if one.begins_on(day)
        for later in (day - DAY, day, day + DAY)
        if other.begins_on(later)
    )


def _clash(one: Window, other: Window, day: date, other_day: date) -> bool:
    """Return whether `one` of a day and `other` of another day overlap."""
    (start, end), (start_2, end_2) = _span(one, day), _span(other, other_day)
    return start < end_2 and start_2 < end


def _span(window: Window, day: date) -> tuple[datetime, datetime]:
    end_day = day if window.start < window.end else day + DAY
    return (
        datetime.combine(day, window.start),
        datetime.combine(end_day, window.end),
    )


def _days_to_try(one: Window, other: Window) -> Iterator[date]:
    """Return enough days of `one` to cover every way to overlap.

    They are the named dates, their neighbours, and one week without any of these,
    in which only the weekdays decide.
    """
    if one.dates:
        yield from one.dates
        return
    named = other.dates or one.except_dates | other.except_dates
    for day in named:
        yield from (day - DAY, day, day + DAY)
    free = max(named, default=date(2026, 1, 1)) + timedelta(days=7)
    yield from (free + timedelta(days=number) for number in range(7))

"""When the window of a schedule that counts changes: what is open, what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from scalar.core.policy.schedule import DAY, MIDNIGHT, Schedule, Window

#: Days that are looked at for the next window; yearly ones come within this time.
LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class Opening:
    """A window, and from when to when it counts (aware, UTC; None: not in sight)."""

    window: Window
    start: datetime | None
    end: datetime | None


def open_and_next(
    schedule: Schedule, at: datetime
) -> tuple[Opening | None, Opening | None]:
    """Return the window that counts at a time, and the next one that will."""
    now = schedule.window_at(at)
    coming = changes(schedule, at)
    first = next(coming, None)
    opened = Opening(now, None, first[0] if first else None) if now else None
    while first is not None and first[1] is None:
        first = next(coming, None)
    if first is None or first[1] is None:
        return opened, None
    after = next(coming, None)
    return opened, Opening(first[1], first[0], after[0] if after else None)


def openings(schedule: Schedule, at: datetime, most: int) -> list[Opening]:
    """Return the next windows that open after a time, in their order."""
    found: list[Opening] = []
    begun: tuple[datetime, Window] | None = None
    for moment, window in changes(schedule, at):
        if begun is not None:
            found.append(Opening(begun[1], begun[0], moment))
        begun = None if window is None else (moment, window)
        if len(found) == most:
            return found
    if begun is not None:
        found.append(Opening(begun[1], begun[0], None))
    return found


def changes(
    schedule: Schedule, at: datetime
) -> Iterator[tuple[datetime, Window | None]]:
    """Yield when another window counts from (aware, UTC), and which; None for none."""
    current = schedule.window_at(at)
    today = at.astimezone(schedule.zone).date()
    for number in range(LOOKED_AT):
        day = today + timedelta(days=number)
        clocks = {w.start for w in schedule.windows if w.begins_on(day)}
        clocks |= {w.end for w in schedule.windows if _may_end_on(w, day)}
        moments = (
            datetime.combine(day, clock, tzinfo=schedule.zone).astimezone(UTC)
            for clock in clocks | {MIDNIGHT}
        )
        for moment in sorted(moments):
            window = schedule.window_at(moment)
            if moment > at and window != current:
                current = window
                yield moment, window


def _may_end_on(window: Window, day: date) -> bool:
    return window.begins_on(day) or window.begins_on(day - DAY)

"""The time to decide for: `--at 20:00`, `--at "sat 20:00"`."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scalar.core.errors import InvalidInput
from scalar.core.policy.schedule_text import WEEKDAYS
from scalar.core.policy.values import read_duration


def read_at(text: str, place: ZoneInfo, now: datetime) -> datetime:
    """Return the time that is meant (UTC).

    Args:
        text: `2h` from now, the next `20:00`, the next `sat` or `sat 20:00`,
            `2026-12-24` or `2026-12-24T20:00`, with or without an offset.
        place: The zone of the clock, if the text has no offset.
        now: The time (aware).

    Raises:
        InvalidInput: It is none of them.
    """
    local = now.astimezone(place)
    day, _, clock = text.strip().lower().rpartition(" ")
    if not day and clock[:3] in WEEKDAYS and clock.isalpha():
        day, clock = clock, "00:00"
    try:
        if ":" in clock and (not day or day[:3] in WEEKDAYS) and "t" not in clock:
            return _next(local, day, time.fromisoformat(clock))
        if ":" not in text and not text.strip().startswith("20"):
            return now + read_duration(text)
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=place)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, InvalidInput) as exc:
        raise InvalidInput(
            f"--at {text}: must be a time such as 20:00, 'sat 20:00', "
            "2026-12-24T20:00 or 2h (from now)"
        ) from exc


def _next(local: datetime, day: str, clock: time) -> datetime:
    found = datetime.combine(local.date(), clock, tzinfo=local.tzinfo)
    if day:
        ahead = (WEEKDAYS.index(day[:3]) - local.weekday()) % 7
        found = datetime.combine(
            local.date() + timedelta(days=ahead), clock, tzinfo=local.tzinfo
        )
    if found <= local:
        later = found.date() + timedelta(days=7 if day else 1)
        found = datetime.combine(later, clock, tzinfo=local.tzinfo)
    return found.astimezone(UTC)

"""Times in the past: `--since 2h`, `--since 02:00 --zone Europe/Berlin`."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scalar.cli.pause_times import zone_of
from scalar.core.errors import InvalidInput
from scalar.core.policy.values import read_duration


def span_of_past(
    now: datetime, since: str | None, until: str | None, zone: str
) -> tuple[datetime | None, datetime | None]:
    """Return the two ends of a span of the past; None for one that was not given.

    A clock time as an end is the first one after the start.

    Raises:
        InvalidInput: One of them cannot be read, or the end is not after the start.
    """
    place = zone_of(zone)
    start = None if since is None else read_past("--since", since, place, now)
    end = None if until is None else read_past("--until", until, place, now)
    if start is not None and end is not None and end <= start and until is not None:
        if _clock(until) is None:
            raise InvalidInput(f"--until {until}: must be after --since {since}")
        end = _next_day(end, place)
    return start, end


def read_past(option: str, text: str, place: ZoneInfo, now: datetime) -> datetime:
    """Return a time that has been.

    Args:
        option: The option, for the message.
        text: `2h` ago, the last time that a clock showed `02:00`, `2026-12-24`, or
            `2026-12-24T02:00` with or without an offset.
        place: The zone of the clock, if the text has no offset.
        now: The time (aware).

    Raises:
        InvalidInput: It is none of them.
    """
    if (clock := _clock(text)) is not None:
        local = now.astimezone(place)
        today = datetime.combine(local.date(), clock, tzinfo=place)
        found = today if today <= local else today - timedelta(days=1)
        return found.astimezone(UTC)
    try:
        return now - read_duration(text)
    except InvalidInput:
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=place)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(
            f"{option} {text}: must be a time such as 2h (ago), 02:00, 2026-12-24 or "
            "2026-12-24T02:00"
        ) from exc


def _clock(text: str) -> time | None:
    try:
        clock = time.fromisoformat(text) if ":" in text else None
    except ValueError:
        return None
    return clock if clock is None or clock.tzinfo is None else None


def _next_day(moment: datetime, place: ZoneInfo) -> datetime:
    local = moment.astimezone(place)
    day = local.date() + timedelta(days=1)
    return datetime.combine(day, local.time(), tzinfo=place).astimezone(UTC)

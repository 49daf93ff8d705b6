"""When a pause ends: `--for 2h`, `--until 18:00 --zone Europe/Berlin`."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scalar.core.errors import InvalidInput
from scalar.core.policy.values import read_duration


def end_of_pause(
    now: datetime, span: str | None, until: str | None, zone: str
) -> datetime | None:
    """Return when a pause ends; None if neither `--for` nor `--until` was given.

    Raises:
        InvalidInput: One of them cannot be read.
    """
    if span is not None:
        try:
            return now + read_duration(span)
        except InvalidInput as exc:
            raise InvalidInput(f"--for {span}: {exc}") from exc
    return None if until is None else read_until(until, zone, now)


def read_until(text: str, zone: str, now: datetime) -> datetime:
    """Return the next time that a clock shows `18:00`, or a time on a given day.

    Args:
        text: `18:00`, or `2026-12-24T18:00`, with or without an offset.
        zone: The zone of the clock, if the text has no offset.
        now: The time (aware).

    Raises:
        InvalidInput: It is neither, it is in the past, or the zone is unknown.
    """
    place = zone_of(zone)
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return _moment(text, place, now)
    local = now.astimezone(place)
    today = datetime.combine(local.date(), clock, tzinfo=place)
    end = today if today > local else today + timedelta(days=1)
    return end.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of `--zone`; raises `InvalidInput` if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError) as exc:
        raise InvalidInput(
            f"--zone {name}: must be a time zone such as Europe/Berlin or UTC"
        ) from exc


def _moment(text: str, place: ZoneInfo, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(
            f"--until {text}: must be a time such as 18:00 or 2026-12-24T18:00"
        ) from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=place)
    if moment <= now:
        raise InvalidInput(f"--until {text}: is in the past")
    return moment.astimezone(UTC)

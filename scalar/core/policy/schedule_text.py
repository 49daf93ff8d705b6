"""A schedule as people write it.

    Europe/Berlin: mon-fri 08:00-18:00 min=2 max=10; sat,sun 00:00-24:00 max=1

A time zone, then windows; each has days, a time span, and the values it sets.
Days are `daily`, `mon-fri`, `sat,sun` or dates such as `2026-12-24` and
`2026-12-24..2026-12-26`. A window whose end is not after its start ends on the
next day. `except=2026-12-25` excludes days, `priority=1` wins over 0.
Windows are separated by semicolons or line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from scalar.core.errors import InvalidInput
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.schedule import EVERY_DAY, Schedule, Window, overlapping

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: A longer range of dates must have a wrong year.
MOST_DATES = 400
MOST_WINDOWS = 100
FIRST_YEAR, LAST_YEAR = 2000, 2999


def read_schedule(text: str) -> Schedule:
    """Parse a schedule.

    Raises:
        InvalidInput: The text breaks a rule, the time zone is unknown, or two
            windows of equal priority overlap.
    """
    zone, colon, rest = text.partition(": ")
    if not colon:
        zone, colon, rest = text.partition(":\n")
    if not colon:
        raise InvalidInput(
            "must begin with a time zone and a colon: `Europe/Berlin: mon-fri "
            "08:00-18:00 min=2`"
        )
    lines = [line.strip() for line in re.split(r"[;\n]", rest) if line.strip()]
    if not 1 <= len(lines) <= MOST_WINDOWS:
        raise InvalidInput(f"must have 1 to {MOST_WINDOWS} windows")
    windows = tuple(_window(line) for line in lines)
    clash = overlapping(windows)
    if clash:
        raise InvalidInput(
            f"must not have windows of equal priority that overlap: {clash[0].text!r} "
            f"and {clash[1].text!r}. Give one of them a higher priority="
        )
    return Schedule(_zone(zone.strip()), windows)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError) as exc:
        raise InvalidInput(
            f"must name a time zone such as Europe/Berlin or UTC, not {name!r}"
        ) from exc


def _window(text: str) -> Window:
    days, _, rest = " ".join(text.split()).partition(" ")
    span, *settings = rest.split(" ")
    start, end = _span(span, text)
    given = dict(_settings(settings, text))
    weekdays, dates = _days(days, text)
    window = Window(
        text=text,
        start=start,
        end=end,
        weekdays=weekdays,
        dates=dates,
        except_dates=frozenset(
            day
            for part in given.get("except", "").split(",")
            if part
            for day in _dates(part, text)
        ),
        min_dynos=_dynos(given, "min", text),
        max_dynos=_dynos(given, "max", text),
        priority=_number(given.get("priority", "0"), "priority", text, 1_000),
    )
    _check(window)
    return window


def _check(window: Window) -> None:
    fewest, most = window.min_dynos, window.max_dynos
    if fewest is None and most is None:
        raise _wrong(window.text, "must set min= or max=")
    if fewest is not None and most is not None and fewest > most:
        raise _wrong(window.text, f"max={most} must be at least min={fewest}")


def _span(text: str, window: str) -> tuple[time, time]:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)", text)
    if not found:
        raise _wrong(window, "must have days, then times such as 08:00-18:00")
    first, second = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
    try:
        return time(*first), time(0) if second == (24, 0) else time(*second)
    except ValueError as exc:
        raise _wrong(
            window, f"{text} must begin from 00:00 to 23:59 and end by 24:00"
        ) from exc


def _settings(parts: list[str], window: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or name not in ("min", "max", "priority", "except"):
            raise _wrong(window, f"{part!r} must be min=, max=, priority= or except=")
        if name in seen:
            raise _wrong(window, f"{name}= must stand once")
        seen.add(name)
        yield name, value


def _dynos(given: dict[str, str], name: str, window: str) -> int | None:
    if name not in given:
        return None
    return _number(given[name], name, window, HEROKU.most_dynos)


def _number(text: str, name: str, window: str, most: int) -> int:
    if not re.fullmatch(r"\d{1,6}", text) or int(text) > most:
        raise _wrong(window, f"{name}={text} must be from 0 to {most}")
    return int(text)


def _days(text: str, window: str) -> tuple[frozenset[int], frozenset[date]]:
    """Parse days such as `mon-fri`, `sat,sun` or `2026-12-24`."""
    if text.lower() == "daily":
        return EVERY_DAY, frozenset()
    weekdays: set[int] = set()
    dates: set[date] = set()
    for part in text.lower().split(","):
        if part[:1].isdigit():
            dates.update(_dates(part, window))
        else:
            weekdays.update(_weekdays(part, window))
    if weekdays and dates:
        raise _wrong(window, "must have weekdays or dates, not both")
    return frozenset(weekdays) or EVERY_DAY, frozenset(dates)


def _weekdays(text: str, window: str) -> Iterator[int]:
    first, dash, last = text.partition("-")
    last = last if dash else first
    if first not in WEEKDAYS or last not in WEEKDAYS:
        raise _wrong(window, f"{text!r} must be daily, {', '.join(WEEKDAYS)} or a date")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    yield from (day % 7 for day in range(start, end + (7 if end < start else 0) + 1))


def _dates(text: str, window: str) -> Iterator[date]:
    first, dots, last = text.partition("..")
    try:
        start = date.fromisoformat(first)
        end = date.fromisoformat(last) if dots else start
    except ValueError as exc:
        raise _wrong(window, f"{text!r} must be a date such as 2026-12-24") from exc
    if not 0 <= (end - start).days < MOST_DATES:
        raise _wrong(window, f"{text!r} must be 1 to {MOST_DATES} days")
    if start.year < FIRST_YEAR or end.year > LAST_YEAR:
        raise _wrong(window, f"{text!r} must be from {FIRST_YEAR} to {LAST_YEAR}")
    yield from (start + timedelta(days=n) for n in range((end - start).days + 1))


def _wrong(window: str, rule: str) -> InvalidInput:
    return InvalidInput(f"window {window!r}: {rule}")

"""What fails, as data, and as a table of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from scalar.cli.output import note, print_table
from scalar.service.failing import Failing

HEAD = ("APP", "TYPE", "DYNOS", "COUNT", "REASON", "FOR")
#: Columns of a terminal, and how narrow a name may become for them.
WIDTH = 80
NARROWEST = 6
#: Seconds of a minute, an hour and a day, from twice of which on they are used.
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def failing_as_data(found: Sequence[Failing]) -> list[dict[str, Any]]:
    """Return what fails as data."""
    return [{**asdict(one), "process_type": one.process_type or None} for one in found]


def print_failing(found: Sequence[Failing], now: datetime) -> None:
    """Print what fails, in lines that fit a terminal."""
    if not found:
        note("Nothing fails.")
        return
    print_table(HEAD, fitting([_row(one, now) for one in found]))


def fitting(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows with names short enough for `WIDTH`; the app's goes last."""
    for place in (1, 0):
        widths = [max(len(line[i]) for line in [HEAD, *rows]) for i in range(len(HEAD))]
        excess = sum(widths) + 2 * (len(HEAD) - 1) - WIDTH
        if excess > 0:
            width = max(widths[place] - excess, NARROWEST)
            rows = [
                [*row[:place], _shortened(row[place], width), *row[place + 1 :]]
                for row in rows
            ]
    return rows


def shown_age(age: timedelta) -> str:
    """Return an age in one unit: `40 s`, `17 min`, `5 h`, `3 d`."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, name in UNITS:
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _row(one: Failing, now: datetime) -> list[str]:
    return [
        one.app,
        one.process_type or "(app)",
        "?" if one.dynos is None else str(one.dynos),
        "?" if one.count is None else f"{one.count:g}",
        one.reason,
        "?" if one.since is None else shown_age(now - one.since),
    ]


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"

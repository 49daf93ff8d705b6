"""Print data as JSON, tables for people, and notes beside both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(data: Any) -> None:
    """Print data for machines."""
    click.echo(json.dumps(data, indent=2, default=_plain, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows for people, each column as wide as its widest cell."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [
        max(len(line[place]) for line in [list(head), *cells])
        for place in range(len(head))
    ]
    for line in [list(head), *cells]:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def note(text: str) -> None:
    """Print a note to standard error, where it does not mix with the data."""
    click.echo(text, err=True)


def counted(number: int, noun: str) -> str:
    """Return `1 change`, `2 changes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shown_time(moment: datetime | None, zone: tzinfo = UTC) -> str:
    """Return a time for people, in UTC or in another zone."""
    if moment is None:
        return ""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

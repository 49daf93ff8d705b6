"""The events: as data, and as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scalar.cli.output import print_table, shown_time
from scalar.core.event import Event

HEAD = "TIME (UTC),APP,PROCESS TYPE,EVENT,DYNOS,COUNT,REASON,DETAIL"


def events_as_data(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the events as data."""
    return [
        {field: getattr(event, field) for field in event.__slots__} for event in events
    ]


def print_events(events: Sequence[Event]) -> None:
    """Print the events as a table."""
    print_table(HEAD.split(","), [_row(event) for event in events])


def _row(event: Event) -> list[object]:
    changed = event.to_quantity is not None
    return [
        shown_time(event.at),
        event.app,
        event.process_type or "(app)",
        event.kind,
        f"{event.from_quantity} -> {event.to_quantity}" if changed else "",
        event.count,
        event.reason,
        event.detail,
    ]

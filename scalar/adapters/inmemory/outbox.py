"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Sequence

from scalar.core.event import Event
from scalar.ports.outbox import MOST_WAITING


class MemoryOutbox:
    """The `Outbox`, for one process."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}

    def add(self, events: Sequence[Event]) -> int:
        """Add events; return how many of the oldest ones were dropped for them."""
        for event in events:
            self._events[event.id] = event
        dropped = list(self._events)[: max(len(self._events) - MOST_WAITING, 0)]
        for one in dropped:
            del self._events[one]
        return len(dropped)

    def waiting(self, most: int) -> Sequence[Event]:
        """Return up to `most` events, the oldest first."""
        return list(self._events.values())[:most]

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events by their ids."""
        for event in events:
            self._events.pop(event.id, None)

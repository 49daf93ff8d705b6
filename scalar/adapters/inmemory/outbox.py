"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Sequence

from scalar.core.event import Event
from scalar.ports.outbox import MOST_WAITING, Backlog


class MemoryOutbox:
    """The `Outbox`, for one process."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}

    def add(self, events: Sequence[Event]) -> Backlog:
        """Add events; drop the oldest ones beyond the bound."""
        if not events:
            return Backlog(0)
        for event in events:
            self._events.setdefault(event.id, event)
        dropped = list(self._events)[: max(len(self._events) - MOST_WAITING, 0)]
        for one in dropped:
            del self._events[one]
        return Backlog(len(self._events), len(dropped))

    def waiting(self, most: int) -> Sequence[Event]:
        """Return up to `most` events, the oldest first."""
        return list(self._events.values())[:most]

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events by their ids."""
        for event in events:
            self._events.pop(event.id, None)

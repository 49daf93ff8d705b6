"""The stored events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from scalar.core.event import Event, EventKind


class Journal(Protocol):
    """The events. Every method may raise `RegistryError`."""

    def record(self, events: Sequence[Event]) -> None:
        """Write events down, all or none."""
        ...

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first, of one app or of all.

        Only those of a kind, if one is named. What a newer version of this
        program wrote and this one does not know is left out.
        """
        ...

    def prune(self, before: datetime) -> int:
        """Delete events older than a time; return how many."""
        ...

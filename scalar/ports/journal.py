"""The journal: the stored events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from scalar.core.event import Event, EventKind, Sought


class Journal(Protocol):
    """Stores events. Every method may raise `RegistryError`.

    At-least-once: an event whose write was not confirmed is recorded again. The
    journal ignores an event whose id it has already.
    """

    def record(self, events: Sequence[Event]) -> None:
        """Store events, all or none."""
        ...

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first, of one app or of all.

        With `kind`, only events of that kind. Kinds and reasons that only a newer
        version of this program knows are left out.
        """
        ...

    def search(self, sought: Sought, limit: int) -> Sequence[Event]:
        """Return the newest events that are sought, newest first, as `recent` does."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete events older than a time; return how many."""
        ...

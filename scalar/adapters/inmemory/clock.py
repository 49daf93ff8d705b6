"""A clock that moves only when a test advances it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class WalkedClock:
    """A clock that moves only when a test advances it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._now

    def walk(self, seconds: float) -> None:
        """Advance the time (or set it back, if negative)."""
        self._now += timedelta(seconds=seconds)

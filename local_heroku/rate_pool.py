"""The pool of requests of one account, as a GCRA.

The generic cell rate algorithm keeps one time: when the pool would be full
again. Each request moves it on by one interval, and a request that would
move it further than a whole pool away is refused. It is what Heroku says it
runs: 4500 requests, refilled at about 75 a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta


class RatePool:
    """A pool of `capacity` requests that refills `per_minute`."""

    def __init__(self, capacity: int, per_minute: float, now: datetime) -> None:
        self.capacity = capacity
        self._interval = timedelta(minutes=1) / per_minute
        self._full_at = now

    def remaining(self, now: datetime) -> int:
        """Return how many requests may be made at once."""
        room = self._interval * self.capacity - self._debt(now)
        return max(0, room // self._interval)

    def take(self, now: datetime) -> bool:
        """Spend one request; say whether there was one to spend."""
        if self.remaining(now) == 0:
            return False
        self._full_at = now + self._debt(now) + self._interval
        return True

    def set_remaining(self, remaining: int, now: datetime) -> None:
        """Leave exactly `remaining` requests, at most the capacity."""
        self._full_at = now + self._interval * (self.capacity - remaining)

    def _debt(self, now: datetime) -> timedelta:
        return max(self._full_at - now, timedelta())

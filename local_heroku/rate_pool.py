"""The rate limit of one account: a token bucket, kept as a GCRA.

The generic cell rate algorithm stores one time: when the pool will be full
again. Each request postpones it by one interval; a request that would
postpone it by more than a whole pool is refused. Heroku says that it uses this
algorithm, with 4500 requests, refilled at about 75 a minute.
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
        """Return how many requests are left."""
        room = self._interval * self.capacity - self._debt(now)
        return max(0, room // self._interval)

    def take(self, now: datetime) -> bool:
        """Take one request from the pool; return False if it is empty."""
        if self.remaining(now) == 0:
            return False
        self._full_at = now + self._debt(now) + self._interval
        return True

    def set_remaining(self, remaining: int, now: datetime) -> None:
        """Set what is left, at most the capacity."""
        self._full_at = now + self._interval * (self.capacity - remaining)

    def _debt(self, now: datetime) -> timedelta:
        return max(self._full_at - now, timedelta())

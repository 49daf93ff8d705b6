"""Tell an answer from a cache, or from long ago, from one of now.

A cache says so with `Age` (RFC 9111, section 5.1). One that does not can be told by
`Date`, which must advance as time does; it is compared only with the same app's
earlier ones, because the clocks of two machines differ.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from scalar.core.errors import CountsUnavailable

#: Apps whose last `Date` is kept.
MOST_APPS = 20_000
#: Seconds by which the clocks of an app's dynos may differ.
SKEW = 10.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """An app's `Date` in seconds since 1970, and our monotonic time of it."""

    date: float
    at: float


class Freshness:
    """Remembers the `Date` of each app's answers; threads may share it."""

    def __init__(self, period: float) -> None:
        """Initialise it; answers older than `period` seconds are too old."""
        self._period = period
        self._fresh: OrderedDict[str, _Seen] = OrderedDict()
        self._latest: dict[str, _Seen] = {}
        self._lock = threading.Lock()

    def check(self, app: str, headers: Mapping[str, str], at: float) -> None:
        """Raise `CountsUnavailable` if an answer is older than a period.

        Args:
            app: Tells the app from others.
            headers: Of its answer.
            at: Our monotonic time in seconds.
        """
        age = _seconds(headers.get("Age", ""))
        if age is not None and age > self._period:
            raise CountsUnavailable(
                f"the answer comes from a cache and is {age:.0f} s old (Age), more "
                f"than a period of {self._period:g} s"
            )
        date = _date(headers.get("Date", ""))
        if date is None:
            return
        behind = self._behind(app, _Seen(date, at))
        if behind > max(self._period, SKEW):
            raise CountsUnavailable(
                f"the answer is {behind:.0f} s older than it can be: its Date has not "
                "advanced; is there a cache before the app?"
            )

    def _behind(self, app: str, seen: _Seen) -> float:
        """Return by how many seconds an answer is older than the freshest before.

        A clock that was set, and runs, counts anew.
        """
        with self._lock:
            fresh = self._fresh.get(app, seen)
            latest = self._latest.get(app, seen)
            behind = _lag(fresh, seen)
            runs = seen.at > latest.at and abs(_lag(latest, seen)) < self._period / 2
            if behind <= 0 or (runs and latest.date != fresh.date):
                self._fresh[app] = seen
                self._fresh.move_to_end(app)
                behind = 0.0
            self._latest[app] = seen
            while len(self._fresh) > MOST_APPS:
                oldest, _ = self._fresh.popitem(last=False)
                self._latest.pop(oldest, None)
            return behind


def _lag(before: _Seen, now: _Seen) -> float:
    """Return how many seconds less a `Date` advanced than our time."""
    return (now.at - before.at) - (now.date - before.date)


def _seconds(text: str) -> float | None:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return float(digits[:12])


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

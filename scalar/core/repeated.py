"""Say what repeats itself once, then at growing intervals, and when it ends.

A record of the log names its cause: `log.warning(line, extra=repeats("held", app))`.
The handler counts what it leaves out (`scalar/logs.py`); nothing else depends on it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

#: Seconds until a cause that repeats itself is told again; doubled each time, up to the
#: most.
FIRST_WAIT, MOST_WAIT = 60.0, 3_600.0
#: Seconds without a cause after which it has ended, where one part may fail while
#: another works.
QUIET = 30.0
#: Causes that are remembered.
MOST_CAUSES = 10_000


def repeats(*cause: object) -> dict[str, str]:
    """Return the `extra` of a record that may come again and again."""
    return {"repeats": _key(cause)}


def ends(*cause: object, quiet: float = QUIET) -> dict[str, str | float]:
    """Return the `extra` of a record that says that a cause, and all below it, ended.

    It is dropped if there was none, or if it was told less than `quiet` seconds ago.
    """
    return {"ends": _key(cause), "quiet": quiet}


def _key(cause: tuple[object, ...]) -> str:
    return "".join(f"{part}\0" for part in cause)


def _above(key: str) -> list[str]:
    """Return a key and those above it."""
    places = [place for place, letter in enumerate(key) if letter == "\0"]
    return [key[: place + 1] for place in places] or [key]


@dataclass(slots=True)
class _Seen:
    wait: float
    due: float
    last: float
    left_out: int = 0


class Repetitions:
    """Counts what is left out of the log, by its cause."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._below: dict[str, set[str]] = {}

    def knows(self, cause: str) -> bool:
        """Return whether a cause was told before."""
        return cause in self._seen

    def tell(self, cause: str, at: float) -> int | None:
        """Return None to leave it out now; else how often it was left out so far."""
        seen = self._seen.get(cause)
        if seen is None or at - seen.last > 2 * seen.wait:
            left_out = seen.left_out if seen else 0
            self._seen[cause] = _Seen(FIRST_WAIT, at + FIRST_WAIT, at)
            self._seen.move_to_end(cause)
            for above in _above(cause):
                self._below.setdefault(above, set()).add(cause)
            while len(self._seen) > MOST_CAUSES:
                self._forget(next(iter(self._seen)))
            return left_out
        seen.last = at
        if at < seen.due:
            seen.left_out += 1
            return None
        left_out, seen.left_out = seen.left_out, 0
        seen.wait = min(2 * seen.wait, MOST_WAIT)
        seen.due = at + seen.wait
        return left_out

    def end(self, cause: str, at: float, quiet: float = 0.0) -> int | None:
        """Forget a cause, and all below it; return how often they were left out.

        None if there was none, or if it was told less than `quiet` seconds ago.
        """
        keys = self._below.get(cause)
        if not keys or any(at - self._seen[key].last < quiet for key in keys):
            return None
        return sum(self._forget(key).left_out for key in [*keys])

    def _forget(self, cause: str) -> _Seen:
        for above in _above(cause):
            below = self._below[above]
            below.discard(cause)
            if not below:
                del self._below[above]
        return self._seen.pop(cause)

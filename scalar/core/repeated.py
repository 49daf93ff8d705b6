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
#: Causes that are remembered.
MOST_CAUSES = 10_000


def repeats(*cause: object) -> dict[str, str]:
    """Return the `extra` of a record that may come again and again."""
    return {"repeats": _key(cause)}


def ends(*cause: object) -> dict[str, str]:
    """Return the `extra` of a record that says that a cause, and all below it, ended.

    It is dropped if there was none.
    """
    return {"ends": _key(cause)}


def _key(cause: tuple[object, ...]) -> str:
    return "".join(f"{part}\0" for part in cause)


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
            while len(self._seen) > MOST_CAUSES:
                self._seen.popitem(last=False)
            return left_out
        seen.last = at
        if at < seen.due:
            seen.left_out += 1
            return None
        left_out, seen.left_out = seen.left_out, 0
        seen.wait = min(2 * seen.wait, MOST_WAIT)
        seen.due = at + seen.wait
        return left_out

    def end(self, cause: str) -> int | None:
        """Forget a cause, and all below it; return how often they were left out.

        None if there was none.
        """
        keys = [key for key in self._seen if key.startswith(cause)]
        if not keys:
            return None
        return sum(self._seen.pop(key).left_out for key in keys)

"""Counts that are made up. A curve is given by its corners: (minute, count)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random

from plots.story import MINUTE, POLL, Feed
from scalar.core.reading import Reading


def series(
    *corners: tuple[float, float], noise: float = 0, seed: int = 1, per_minute=MINUTE
) -> list[int]:
    """Return whole counts along straight lines, with noise on those above 0."""
    random = Random(seed)
    result = []
    for number in range(round(corners[-1][0] * per_minute)):
        level = _along(corners, number / per_minute)
        if level > 0:
            level = max(level + random.uniform(-noise, noise), 1)
        result.append(round(level))
    return result


def _along(corners: Sequence[tuple[float, float]], minute: float) -> float:
    for (start, low), (end, high) in pairwise(corners):
        if start <= minute < end:
            return low + (high - low) * (minute - start) / (end - start)
    return corners[-1][1]


def scripted(counts: Sequence[Reading]) -> Callable[[], Feed]:
    """Return a source that says these counts, whatever the dynos."""
    return lambda: lambda number, _dynos: counts[number]


def backlog(
    arrivals: Callable[[float], float], rate: float, every: timedelta = POLL
) -> Callable[[], Feed]:
    """Return a source whose count is worked off by the dynos.

    Args:
        arrivals: Jobs that arrive in a second, at a minute.
        rate: Jobs that one dyno does in a second.
        every: Time between two polls.
    """

    def make() -> Feed:
        waiting = 0.0
        seconds = every.total_seconds()

        def feed(number: int, dynos: int) -> Reading:
            nonlocal waiting
            done = dynos * rate * seconds
            came = arrivals(number * seconds / 60) * seconds
            waiting = max(waiting + came - done, 0)
            return round(waiting)

        return feed

    return make


def with_dips(counts: list[int], polls: Iterable[int], to: int) -> list[int]:
    """Return the counts with others at some polls."""
    changed = list(counts)
    for number in polls:
        changed[number] = to
    return changed

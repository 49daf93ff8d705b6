"""What each app has to do at each time: walks, bursts, silence, steady load."""

from __future__ import annotations

from bisect import bisect_right
from random import Random

from simulation.setup import ADDED, Setup

#: The highest count.
HIGHEST = 60
#: How much of the time a count changes soon.
SOON = 0.85


class Fleet:
    """The counts of all apps, as they would be if nothing went wrong."""

    def __init__(self, seed: int, setup: Setup) -> None:
        self._lines: dict[tuple[str, str], tuple[list[float], list[int]]] = {}
        for app in setup.apps:
            for name in (*app.rule.process_types, ADDED):
                random = Random(f"{seed}-{app.name}-{name}")  # noqa: S311 - to replay
                self._lines[app.name, name] = _line(random, setup.calm_from)

    def __contains__(self, key: tuple[str, str]) -> bool:
        """Return whether an app has such a process type at any time."""
        return key in self._lines

    def count(self, app: str, process_type: str, at: float) -> int:
        """Return the jobs of a process type at a time."""
        times, counts = self._lines[app, process_type]
        return counts[bisect_right(times, at) - 1]

    def since(self, app: str, process_type: str, at: float) -> float:
        """Return since when the count has been what it is at a time."""
        times, _ = self._lines[app, process_type]
        return times[bisect_right(times, at) - 1]


def _line(random: Random, until: float) -> tuple[list[float], list[int]]:
    """Return the times at which a count changes, and what it is from then on."""
    pattern = random.choice(("walk", "burst", "silence", "steady", "jump"))
    times, counts = [0.0], [random.randint(0, HIGHEST)]
    at = 0.0
    while (at := at + _rest(random)) < until:
        times.append(at)
        counts.append(_next(random, pattern, counts[-1]))
    return times, counts


def _rest(random: Random) -> float:
    """Return the seconds until a count changes: mostly soon."""
    return random.uniform(8, 60) if random.random() < SOON else random.uniform(150, 400)


def _next(random: Random, pattern: str, before: int) -> int:
    match pattern:
        case "walk":
            return min(max(before + random.randint(-15, 15), 0), HIGHEST)
        case "burst":
            return HIGHEST if random.random() < 0.2 else before // 2
        case "silence":
            return random.choice((0, 0, 0, 0, 5, HIGHEST))
        case "steady":
            return before
    return random.choice((0, random.randint(1, HIGHEST)))

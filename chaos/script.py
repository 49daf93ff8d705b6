"""The script of the fleet: which counts an app reports when.

A count stays the same for some seconds and then jumps, often to 0, so that acting on
a stale or a missing count would show in the dynos.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

#: Fewest and most seconds between two jumps of an app's counts.
SHORTEST, LONGEST = 9, 24
#: The highest count.
HIGHEST = 60
#: Seconds for which dynos are busy after a jump, and the jobs of each.
BUSY, JOBS = 4.5, 10
#: One in so many counts is 0.
ONE_IN = 4


def name_of(app: int) -> str:
    """Return the name of an app on Heroku and in the registry."""
    return f"app-{app:02d}"


def number_of(name: str) -> int:
    """Return the number of the app of that name."""
    return int(name.rpartition("-")[2])


def counts_at(
    seed: int, app: int, process_types: tuple[str, ...], seconds: float
) -> Mapping[str, int]:
    """Return what a healthy app reports.

    Args:
        seed: The seed of the run.
        app: The app's number.
        process_types: The process types that it reports.
        seconds: Time since the fleet began.
    """
    pace, phase = _pace(seed, app)
    part = int((seconds + phase) // pace)
    return {name: _count(_draw(seed, app, name, part)) for name in process_types}


def jumps_of(seed: int, app: int, seconds: float) -> list[float]:
    """Return when an app's counts jump, from the start to a time."""
    pace, phase = _pace(seed, app)
    first = -(phase % pace)
    jumps = [first]
    while jumps[-1] + pace < seconds:
        jumps.append(jumps[-1] + pace)
    return [max(at, 0.0) for at in jumps]


def busy_at(
    seed: int, app: int, process_types: tuple[str, ...], seconds: float
) -> Mapping[str, int]:
    """Return the highest number of a busy dyno, for apps that tell it.

    For a while after a jump the dynos of before are busy.
    """
    pace, phase = _pace(seed, app)
    since = (seconds + phase) % pace
    if since > BUSY or seconds < since:
        return dict.fromkeys(process_types, 0)
    before = counts_at(seed, app, process_types, seconds - since - 1)
    return {name: -(-count // JOBS) for name, count in before.items()}


def _pace(seed: int, app: int) -> tuple[int, int]:
    """Return the seconds between two jumps, and those since one at the start."""
    pace = SHORTEST + _draw(seed, app, "pace") % (LONGEST - SHORTEST + 1)
    return pace, _draw(seed, app, "phase") % pace


def _count(drawn: int) -> int:
    if drawn % ONE_IN == 0:
        return 0
    return drawn // ONE_IN % HIGHEST + 1


def _draw(*key: object) -> int:
    """Return a large number that depends only on the key, on every machine."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:8])

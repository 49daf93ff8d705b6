"""The jobs: short ones and long ones, in bursts and in between."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        number: Identifies it.
        at: Seconds after the start at which it is sent.
        seconds: How long it takes.
    """

    number: int
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """How many jobs there are, and of which length.

    Attributes:
        bursts: How often many jobs come at once.
        jobs: How many jobs come in a burst.
        apart: Seconds from one burst to the next.
        trickle: Mean seconds between the single jobs outside the bursts.
        short: Shortest and longest time of a short job, in seconds.
        long: The same for a long job.
        long_part: Share of the jobs that are long.
    """

    bursts: int = 3
    jobs: int = 40
    apart: float = 75.0
    trickle: float = 3.0
    short: tuple[float, float] = (1.0, 5.0)
    long: tuple[float, float] = (20.0, 60.0)
    long_part: float = 0.12


def make_jobs(load: Load, seed: int) -> Sequence[Job]:
    """Return the jobs in order of time; the same for the same seed."""
    source = random.Random(seed)
    times = [load.apart * burst for burst in range(load.bursts)] * load.jobs
    end = load.apart * load.bursts
    at = source.expovariate(1 / load.trickle)
    while at < end:
        times.append(at)
        at += source.expovariate(1 / load.trickle)
    return [
        Job(number, at, source.uniform(*_range(load, source)))
        for number, at in enumerate(sorted(times))
    ]


def _range(load: Load, source: random.Random) -> tuple[float, float]:
    return load.long if source.random() < load.long_part else load.short

"""How many dynos work off a backlog in time, and how fast dynos work.

The fluid approximation of a queue: n dynos that each do r jobs a second empty a
backlog of B jobs in B / (n r) seconds, so to be done within T seconds takes
n = ceil(B / (r T)) dynos (G. F. Newell, "Applications of Queueing Theory", 2nd
edition 1982, chapter 2). B does not include the jobs that arrive meanwhile. A
learned r does: it is how fast the count *fell* despite arrivals, and so never
more than the dynos can do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, inf

#: Falls of the count before a learned rate is used.
ENOUGH_FALLS = 10
#: Falls after which older ones count half, so that the rate adapts to the app.
FORGET_AFTER = 200
#: Falls from a count above this are ignored: nobody works off such a backlog.
MOST_JOBS = 10**12
#: Two observations further apart say little about the time between them.
LONGEST_GAP = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Drained:
    """The work of a process type, as observed.

    Attributes:
        at: Time of the last observation (aware, UTC).
        count: The count then.
        quantity: The dynos then.
        jobs: Jobs by which the count fell, over all falls.
        dyno_seconds: Dyno-seconds that these falls took.
        falls: Number of falls.
    """

    at: datetime
    count: float
    quantity: int
    jobs: float = 0
    dyno_seconds: float = 0
    falls: int = 0

    @property
    def jobs_per_second(self) -> float | None:
        """Jobs per dyno and second; None with too little history."""
        if self.falls < ENOUGH_FALLS or not self.dyno_seconds > 0:
            return None
        rate = self.jobs / self.dyno_seconds
        return rate if 0 < rate < inf else None


def learn(before: Drained | None, at: datetime, count: float, quantity: int) -> Drained:
    """Return the record with one more observation.

    Only a fall with an unchanged quantity shows how fast dynos work. A fall to 0
    does not, since some of them had nothing left to do.
    """
    if before is None:
        return Drained(at, count, quantity)
    now = replace(before, at=at, count=count, quantity=quantity)
    gap = at - before.at
    if not (
        timedelta(0) < gap <= LONGEST_GAP
        and quantity == before.quantity > 0
        and 0 < count < before.count <= MOST_JOBS
    ):
        return now
    kept = 0.5 if before.falls >= FORGET_AFTER else 1.0
    return replace(
        now,
        jobs=before.jobs * kept + float(before.count - count),
        dyno_seconds=before.dyno_seconds * kept + quantity * gap.total_seconds(),
        falls=int(before.falls * kept) + 1,
    )


def dynos_to_drain(count: float, seconds: float, jobs_per_second: float) -> int:
    """Return the dynos that finish `count` jobs within `seconds`.

    Args:
        count: Jobs, finite and at least 0.
        seconds: Above 0.
        jobs_per_second: Jobs per dyno and second, above 0.
    """
    return ceil(Fraction(count) / (Fraction(jobs_per_second) * Fraction(seconds)))

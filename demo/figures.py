"""The figures of the summary, from the samples of one process type."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from demo.verdict import Sample
from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.reading import Count


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process type went through.

    Attributes:
        highest_count: Of those known.
        highest_quantity: Dynos.
        ups: Times that the quantity rose.
        downs: Times that it fell.
        longest_lag: Seconds, see `longest_lag`.
    """

    highest_count: Count
    highest_quantity: int
    ups: int
    downs: int
    longest_lag: float


def figures(row: Sequence[Sample], boundary: int) -> Figures:
    """Return the figures of a process type's samples, in the order of time."""
    steps = [after.quantity - before.quantity for before, after in pairwise(row)]
    return Figures(
        highest_count=max((s.count for s in row if s.count is not None), default=0),
        highest_quantity=max((s.quantity for s in row), default=0),
        ups=sum(step > 0 for step in steps),
        downs=sum(step < 0 for step in steps),
        longest_lag=longest_lag(row, boundary),
    )


def longest_lag(row: Sequence[Sample], boundary: int) -> float:
    """Return the longest time that a count waited for its dynos, in seconds.

    A count that asks for a quantity other than the current one waits until the
    formation has a quantity that was asked for then or later: when 8 follows 3
    before anything is done, the dynos for 8 serve both. A sample whose count is
    unknown says nothing.
    """
    waiting: deque[float] = deque()
    last_asked: dict[int, float] = {}
    longest = 0.0
    for sample in row:
        if sample.count is None:
            continue
        asked = recommend_by_boundary(sample.count, boundary)
        last_asked[asked] = sample.at
        # What it asks for it may have already: then it leaves again below.
        waiting.append(sample.at)
        while waiting and waiting[0] <= last_asked.get(sample.quantity, -1.0):
            longest = max(longest, sample.at - waiting.popleft())
        if waiting:
            longest = max(longest, sample.at - waiting[0])
    return longest

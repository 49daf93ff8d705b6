"""Did the dynos follow the counts? A pure function over samples.

For each process type:

    explained   At each time the quantity is what the formula gives for a count
                of the last `FEW_PERIODS`. Between two samples a count passes
                through all that lies between them, so what counts is the range
                from the lowest to the highest.
    went up     The quantity was 0, and then was not.
    reached     It reached what the formula gives for the highest count that
                lasted for `LASTING_PERIODS`.
    came back   After it went up it was 0 again, while the count was 0.

A sample whose count is unknown says nothing: no time is judged in whose last
few periods there is one, or in which nothing was sampled for over a period.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.reading import Count

#: Periods that a count explains a quantity: one until the next tick, one that
#: the tick's message may wait before it expires, one for the evaluation, one
#: more for a tick that came too late and was dropped.
FEW_PERIODS = 4
#: Periods after which a count must have been acted upon. One fewer: a count may
#: be gone by the end of the few periods that it explains.
LASTING_PERIODS = FEW_PERIODS - 1
#: Less than this part of the samples judged is no ground for a verdict.
LEAST_JUDGED = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of one process type at one time.

    Attributes:
        at: Seconds since the demo began.
        process_type: Heroku's name of it.
        count: What the app reported; None if it is not known.
        quantity: Dynos that the formation asked for.
    """

    at: float
    process_type: str
    count: Count | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the dynos followed the counts.

    Attributes:
        wrong: What contradicts it, a sentence each.
        missing: What it takes and was not seen, a sentence each.
    """

    wrong: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def followed(self) -> bool:
        """Whether all was seen, and nothing contradicts it."""
        return not self.wrong and not self.missing


def judge(
    samples: Iterable[Sample],
    process_types: Sequence[str],
    *,
    boundary: int,
    period: float,
) -> Verdict:
    """Return the verdict over all samples.

    Args:
        samples: In the order of time.
        process_types: Those that must be scaled.
        boundary: Counts per dyno.
        period: Seconds between two polls.
    """
    rows: dict[str, list[Sample]] = {name: [] for name in process_types}
    for sample in samples:
        if sample.process_type in rows:
            rows[sample.process_type].append(sample)
    wrong: list[str] = []
    missing: list[str] = []
    for name, row in rows.items():
        wrong += [f"{name} {text}" for text in _unexplained(row, boundary, period)]
        missing += [f"{name} {text}" for text in _unseen(row, boundary, period)]
    return Verdict(tuple(wrong), tuple(missing))


def _unexplained(row: Sequence[Sample], boundary: int, period: float) -> list[str]:
    """Return the first quantity that no count explains, and how many there are."""
    found = []
    for window in _windows(row, FEW_PERIODS * period, period):
        lowest, highest = _range(window, boundary)
        if not lowest <= window[-1].quantity <= highest:
            found.append((window[-1], lowest, highest))
    if not found:
        return []
    sample, lowest, highest = found[0]
    asked = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
    few = f"{FEW_PERIODS * period:g} s"
    text = (
        f"had quantity {sample.quantity} at {sample.at:.1f} s, though the counts of "
        f"the last {few} ask for {asked} ({len(found)} of {len(row)} samples are so)"
    )
    return [text]


def _unseen(row: Sequence[Sample], boundary: int, period: float) -> list[str]:
    """Return what was not seen of a whole rise and fall."""
    judged = sum(1 for _ in _windows(row, FEW_PERIODS * period, period))
    if judged < LEAST_JUDGED * len(row) or not judged:
        return [f"cannot be judged: {judged} of {len(row)} samples tell enough"]
    after_rise = _after_rise(row)
    if not after_rise:
        return ["did not go up from 0"]
    unseen = []
    lasting = max(
        (
            min(sample.count or 0 for sample in window)
            for window in _windows(row, LASTING_PERIODS * period, period)
        ),
        default=0,
    )
    needed = recommend_by_boundary(lasting, boundary)
    reached = max(sample.quantity for sample in row)
    if reached < needed:
        unseen.append(
            f"reached quantity {reached}; count {lasting}, which lasted "
            f"{LASTING_PERIODS * period:g} s, asks for {needed}"
        )
    if not any(sample.count == 0 == sample.quantity for sample in after_rise):
        unseen.append("did not come back to 0 with the count at 0")
    return unseen


def _after_rise(row: Sequence[Sample]) -> Sequence[Sample]:
    """Return the samples from the first rise from 0 on; none if it never rose."""
    for place, (before, after) in enumerate(pairwise(row), start=1):
        if before.quantity == 0 < after.quantity:
            return row[place:]
    return ()


def _windows(
    row: Sequence[Sample], length: float, period: float
) -> Iterator[deque[Sample]]:
    """Yield for each sample those of the time before it, if they tell enough.

    The first of them is the last one from before that time: what it saw was
    still so when the time began.
    """
    window: deque[Sample] = deque()
    for sample in row:
        if window and sample.at - window[-1].at > period:
            window.clear()
        if sample.count is None:
            window.clear()
            continue
        window.append(sample)
        while len(window) > 1 and window[1].at <= sample.at - length:
            window.popleft()
        if window[0].at <= sample.at - length:
            yield window


def _range(window: Iterable[Sample], boundary: int) -> tuple[int, int]:
    """Return the least and the most dynos that the counts of a time ask for."""
    counts = [sample.count for sample in window if sample.count is not None]
    return (
        recommend_by_boundary(min(counts), boundary),
        recommend_by_boundary(max(counts), boundary),
    )

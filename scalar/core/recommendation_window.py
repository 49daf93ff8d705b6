"""Bucketed sliding-window minimum and maximum of recommendations.

A stabilization window (Kubernetes, "Horizontal Pod Autoscaling") only needs the
lowest and the highest recommendation in it. Both are kept for slices of the
window, so that the size does not grow with the number of evaluations. A slice
counts until its newest recommendation is older than the window; an older one may
therefore count for up to one slice longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Slices of a window: a recommendation may count for a thirtieth longer.
SLICES = 30


@dataclass(frozen=True, slots=True)
class Slice:
    """The recommendations of one part of the window.

    Attributes:
        since: When its first one was made (aware, UTC).
        until: When its last one was made.
        lowest: Dynos.
        highest: Dynos.
    """

    since: datetime
    until: datetime
    lowest: int
    highest: int


def remember(
    slices: Sequence[Slice], window: timedelta, at: datetime, recommended: int
) -> tuple[Slice, ...]:
    """Return the slices with one more recommendation, without expired ones.

    Slices in the future, left by a clock that was set back, are dropped too.
    """
    kept = list(within(slices, window, at))
    if kept and at - kept[-1].since < window / SLICES:
        last = kept[-1]
        kept[-1] = replace(
            last,
            until=at,
            lowest=min(last.lowest, recommended),
            highest=max(last.highest, recommended),
        )
    else:
        kept.append(Slice(at, at, recommended, recommended))
    return tuple(kept)


def recent(
    slices: Sequence[Slice], window: timedelta, at: datetime, *, interrupted: bool
) -> tuple[Slice, ...]:
    """Return the slices of the window, or the newest one if the window is empty.

    A recommendation is valid until the next one, so the newest counts even if the
    window is shorter than the time between two evaluations, unless counts were
    unknown in between.
    """
    found = within(slices, window, at)
    if found or interrupted:
        return found
    return tuple(s for s in slices if s.until <= at)[-1:]


def within(
    slices: Sequence[Slice], window: timedelta, at: datetime
) -> tuple[Slice, ...]:
    """Return the slices whose newest recommendation is younger than the window."""
    return tuple(s for s in slices if timedelta(0) <= at - s.until < window)

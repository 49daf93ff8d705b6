"""The recommendations of the last minutes, in little room.

For a stabilization window only the lowest and the highest recommendation in it
matter (Kubernetes, "Horizontal Pod Autoscaling", stabilization window). They
are kept for slices of the window, so that the cost does not grow with the
number of evaluations. A slice counts until its newest recommendation is older
than the window, so a recommendation may count longer, by at most one slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

#: Slices of a window; so much of it (a thirtieth) may be added to it.
SLICES = 30


@dataclass(frozen=True, slots=True)
class Slice:
    """The recommendations of a part of the window.

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
    """Return the slices with one more recommendation, without what is too old.

    What was remembered of the future, after a clock was set back, is dropped.
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
    """Return the slices of the window; if there are none, the newest one.

    A recommendation holds until the next one is made, so the newest one counts
    even if a window is shorter than the time between two evaluations. Not so if
    counts were unknown in between.
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

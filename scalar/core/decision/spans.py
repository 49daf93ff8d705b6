"""What is left of a time span, and how people read it."""

from __future__ import annotations

from datetime import datetime, timedelta

from scalar.core.policy.policy import NONE

#: Seconds from which minutes are easier to read.
_A_WHILE = 120


def left_of(span: timedelta, at: datetime, since: datetime | None) -> timedelta:
    """Return what is left of a span; none if it began in the future.

    A time in the future was written by another clock, and would hold for ever.
    """
    if since is None or at < since:
        return NONE
    return max(span - (at - since), NONE)


def shown_span(span: timedelta) -> str:
    """Return a span as people read it: seconds, or minutes if there are many."""
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < _A_WHILE else f"{seconds // 60} min"

"""Time spans: what is left of one, and how it is shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from scalar.core.policy.policy import NONE

#: From this many seconds on, minutes are easier to read.
_A_WHILE = 120


def left_of(span: timedelta, at: datetime, since: datetime | None) -> timedelta:
    """Return what is left of a span; all of it if it begins in the future.

    Another clock wrote such a time (`Memory.not_after`).
    """
    if since is None:
        return NONE
    return max(span - max(at - since, NONE), NONE)


def shown_span(span: timedelta) -> str:
    """Return a span in seconds, or in minutes if it is long."""
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < _A_WHILE else f"{seconds // 60} min"

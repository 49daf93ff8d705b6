"""The facts that a decision about one process type rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scalar.core.app_state import NOTHING, Past
from scalar.core.reading import Unknown


@dataclass(frozen=True, slots=True)
class Observation:
    """What a decision rests on, beside the count.

    Attributes:
        quantity: Dynos now.
        at: When (aware, UTC).
        limit: Most dynos that Heroku allows this process type, if known.
        past: What is remembered of the process type.
        since: From when on things are remembered; a loss of memory counts as a
            change, so that it does not shorten a cooldown.
        released_at: When the app was last released; None if that is not known.
        latency: Seconds since the oldest job that waits could have begun; None if
            it is not known.
        is_latency: Whether the count is a latency, so that 0 does not say that
            no job runs.
        busy: Numbers of the dynos that run a job; None if the app does not speak
            of them.
        next_eta: Seconds until the next job that is not due yet will be.
        stranded: Jobs of the count whose worker is gone while there is no other.
    """

    quantity: int
    at: datetime
    limit: int | None = None
    past: Past = NOTHING
    since: datetime | None = None
    released_at: datetime | None = None
    latency: float | None = None
    is_latency: bool = False
    busy: frozenset[int] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0

"""What an app reported about its process types: counts, and facts beside them.

An unknown count has its own type (`Unknown`) and is never a number, so nothing
can mistake it for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scalar.core.reason import Cause

#: A count as an app reports it: finite, at least 0, fractions allowed.
Count = int | float


class Form(StrEnum):
    """The form in which an app reports its counts."""

    #: Whichever of the forms over HTTP the answer has.
    AUTO = "auto"
    #: This project's own: process type to count, or the richer form of the agent.
    SCALAR = "scalar"
    #: HireFire's list of names and values.
    HIREFIRE = "hirefire"
    #: No answer at all: Celery's broker is measured.
    CELERY = "celery"


@dataclass(frozen=True, slots=True)
class Unknown(Cause):
    """An unknown number, and why it is unknown. Never zero.

    Attributes:
        at_least: A lower bound of the number.
    """

    at_least: Count = 0


#: A dyno: its number, or its whole name where the platform numbers none.
DynoId = int | str

#: A count, or why it is unknown.
Counted = Count | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """What an app reported about one process type.

    Except for the count, None means that the app does not report it.

    Attributes:
        count: Jobs that need a worker.
        latency: Seconds since the oldest waiting job could have started.
        busy: The dynos that run a job; empty if none do.
        next_eta: Seconds until the next scheduled job is due.
        stranded: Jobs of the count that a killed worker left behind while no other
            worker runs.
        is_ambiguous: Whether the count may in fact be a latency in seconds:
            HireFire's form has one number and does not say which.
    """

    count: Counted
    latency: float | Unknown | None = None
    busy: frozenset[DynoId] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0
    is_ambiguous: bool = False

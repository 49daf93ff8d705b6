"""What an app said of its process types: counts, and what goes with them.

An unknown count is a value of its own (`Unknown`) and never a number, so nothing
can mistake it for zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scalar.core.reason import Cause

#: A count as an app reports it: finite, at least 0, fractions allowed.
Count = int | float


class Form(StrEnum):
    """In which form an app tells how much work it has."""

    #: Whichever of the forms over HTTP the answer has.
    AUTO = "auto"
    #: This project's own: process type to count, or the agent's richer one.
    SCALAR = "scalar"
    #: HireFire's list of names and values.
    HIREFIRE = "hirefire"
    #: None: Celery's broker is measured.
    CELERY = "celery"


@dataclass(frozen=True, slots=True)
class Unknown(Cause):
    """A number that is not known, and why. Never zero.

    Attributes:
        at_least: The least that it can be.
    """

    at_least: Count = 0


#: A count, or why it is not known.
Counted = Count | Unknown


@dataclass(frozen=True, slots=True)
class Reading:
    """What an app said of one process type.

    Of all but the count, None means that the app does not speak of it.

    Attributes:
        count: Jobs that need a worker.
        latency: Seconds since the oldest job that waits could have begun.
        busy: Numbers of the dynos that run a job; empty if none does.
        next_eta: Seconds until the next job that is not due yet will be.
        stranded: Jobs of the count whose worker is gone while there is no other.
        is_ambiguous: Whether the count may be seconds of latency: HireFire's form
            has a number and does not say of what.
    """

    count: Counted
    latency: float | Unknown | None = None
    busy: frozenset[int] | Unknown | None = None
    next_eta: float | None = None
    stranded: int = 0
    is_ambiguous: bool = False

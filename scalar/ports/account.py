"""The API calls of each platform account, shared by all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from scalar.core.errors import PlatformError
from scalar.core.reason import Cause
from scalar.core.secret import Secret


class Urgency(StrEnum):
    """What a call of the Heroku API is for, most urgent first."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known of an account's calls.

    Attributes:
        remaining: Calls left when Heroku last said so; None if unknown.
        blocked_until: No call before that time (aware, UTC); None if open.
        reason: Why it is blocked; empty if it is not.
    """

    remaining: int | None
    blocked_until: datetime | None = None
    reason: str = ""


class Account(Protocol):
    """The API calls of each Heroku account, shared by all workers.

    An account is known by its key: what happens to one concerns no other. Every
    method may raise `CoordinationError`.
    """

    def ask(self, urgency: Urgency, key: Secret) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        ...

    def answered(self, remaining: int | None, key: Secret) -> None:
        """Take note that Heroku answered, with the calls it said remain."""
        ...

    def failed(self, error: PlatformError, key: Secret) -> None:
        """Take note of a failure that concerns the whole account."""
        ...

    def budget(self, key: Secret) -> Budget:
        """Return what is known, without changing it."""
        ...

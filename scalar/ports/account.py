"""The API calls of one platform account, shared by all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scalar.core.errors import PlatformError
from scalar.core.reason import Cause
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known of an account's calls.

    Attributes:
        remaining: Calls left when the platform last said so; None if unknown.
        blocked_until: No call before that time (aware, UTC); None if open.
        reason: Why it is blocked; empty if it is not.
    """

    remaining: int | None
    blocked_until: datetime | None = None
    reason: str = ""


class Account(Protocol):
    """Meters the calls of one account. Every method may raise `CoordinationError`."""

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        ...

    def answered(self, remaining: int | None) -> None:
        """Record that the platform answered, with the calls it said remain."""
        ...

    def failed(self, error: PlatformError) -> None:
        """Record a failure that concerns the whole account."""
        ...

    def budget(self) -> Budget:
        """Return what is known, without changing it."""
        ...


class Accounts(Protocol):
    """Finds an account by its key: what happens to one concerns no other."""

    def of(self, key: Secret) -> Account:
        """Return the account that a key belongs to."""
        ...

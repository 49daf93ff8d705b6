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
    """The API calls that an account has left, and whether they are blocked.

    Attributes:
        remaining: Calls left, as the platform last reported; None if unknown.
        blocked_until: Calls are denied until then (aware, UTC); None if they are not.
        reason: Why calls are denied; empty if they are not.
        words: The words of the first error; may be empty.
    """

    remaining: int | None
    blocked_until: datetime | None = None
    reason: str = ""
    words: str = ""


class Account(Protocol):
    """Meters the calls of one account. Every method may raise `CoordinationError`."""

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise the cause for denying it."""
        ...

    def answered(self, remaining: int | None) -> None:
        """Record an answer, with the calls left according to the platform."""
        ...

    def failed(self, error: PlatformError) -> None:
        """Record a failure that affects the whole account."""
        ...

    def budget(self) -> Budget:
        """Return the calls left and the block, without changing them."""
        ...


class Accounts(Protocol):
    """Finds the account of a Heroku key. Accounts do not affect one another."""

    def of(self, heroku_key: Secret) -> Account:
        """Return the account that a Heroku key belongs to."""
        ...

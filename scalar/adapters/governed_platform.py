"""A platform whose calls are metered by its account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from scalar.core.errors import CallDenied, PlatformError
from scalar.core.formation import Formation
from scalar.ports.account import Account
from scalar.ports.platform import Platform, PlatformApp, Urgency

T = TypeVar("T")


class GovernedPlatform:
    """A `Platform` that asks its account before each call.

    A failure that concerns the whole account is reported to it, so that all workers
    back off together.
    """

    def __init__(self, platform: Platform, account: Account) -> None:
        self._platform = platform
        self._account = account
        self.rules = platform.rules

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return what the platform says of the app."""
        return self._call(urgency, self._platform.describe)

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        return self._call(urgency, self._platform.formation)

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Ask for absolute quantities in one call; return the formation."""
        return self._call(urgency, lambda _: self._platform.scale(quantities, urgency))

    def _call(self, urgency: Urgency, call: Callable[[Urgency], T]) -> T:
        if cause := self._account.ask(urgency):
            raise CallDenied(cause)
        try:
            return call(urgency)
        except PlatformError as exc:
            if exc.whole_account:
                self._account.failed(exc)
            raise

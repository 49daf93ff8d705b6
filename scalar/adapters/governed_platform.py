"""A platform whose calls are metered by an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from scalar.core.errors import CallDenied, PlatformError
from scalar.core.formation import Formation
from scalar.ports.account import Account
from scalar.ports.platform import Platform, PlatformApp, Urgency

T = TypeVar("T")


class GovernedPlatform:
    """A `Platform` that asks the account for permission before each call.

    It reports failures that affect the whole account, so that all workers back off
    together.
    """

    def __init__(self, platform: Platform, account: Account) -> None:
        self._platform = platform
        self._account = account
        self.rules = platform.rules

    @property
    def calls_left(self) -> int | None:
        """Calls left of the account, as the last answer here said."""
        return self._platform.calls_left

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return the app as the platform describes it."""
        return self._call(urgency, self._platform.describe)

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        return self._call(urgency, self._platform.formation)

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set absolute quantities in one call; return the new formation."""
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

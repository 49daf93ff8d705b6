"""The policy of each process type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scalar.core.app import RegisteredApp
from scalar.core.policy.policy import Policy
from scalar.core.policy.resolve import Setting
from scalar.core.reason import Cause


class Policies(Protocol):
    """Resolves the policy of each process type from everything set for it."""

    def of(self, app: RegisteredApp, process_type: str) -> Policy | Cause:
        """Return the policy, or the cause for having none."""
        ...

    def read(self, app: RegisteredApp, process_type: str) -> Policy | Cause:
        """Like `of`, for an app that is not saved yet; bypasses the cache."""
        ...

    def settings(self, app: RegisteredApp, process_type: str) -> Sequence[Setting]:
        """Return the values that apply, each with its origin, valid or not."""
        ...

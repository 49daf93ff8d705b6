"""The queue of evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scalar.core.app import AppKey


class Publisher(Protocol):
    """Puts evaluations on the queue.

    Every method may raise `CoordinationError`.
    """

    def waiting(self) -> int:
        """Return how many evaluations are queued and not yet taken by a worker."""
        ...

    def publish(
        self, app_keys: Sequence[AppKey], token: str, *, slow: bool = False
    ) -> None:
        """Enqueue one evaluation per app, in a few round trips.

        Workers use at most half of their threads for those of slow apps.

        Raises:
            CoordinationError: The broker is unavailable; some may have been enqueued.
        """
        ...

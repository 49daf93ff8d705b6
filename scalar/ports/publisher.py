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
        """Return how many evaluations no worker has taken yet."""
        ...

    def publish(self, keys: Sequence[AppKey], token: str) -> None:
        """Enqueue one evaluation for each app, in few round trips.

        Raises:
            CoordinationError: The broker is away; some may have been enqueued.
        """
        ...

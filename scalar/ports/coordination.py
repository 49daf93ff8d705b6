"""State that the workers share: ticks, leases, memories and heartbeats.

All of it may be lost at any time; losing it never scales anything. Every method may
raise `CoordinationError`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scalar.core.app_state import Memory
from scalar.core.health import Heartbeats


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one app now. Only its holder can release it."""

    app_id: int
    token: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that was accepted.

    Attributes:
        at: When it was accepted (aware, UTC).
        previous: When the previous one was accepted; None if unknown.
    """

    at: datetime
    previous: datetime | None


class TickGate(Protocol):
    """Accepts one tick per period, however many beats are running."""

    def open_tick(self, period: float) -> Tick | None:
        """Accept a tick, at most one per `period` seconds.

        Returns None if it is too early: another beat has ticked already.
        """
        ...

    def once(self, name: str, seconds: float) -> bool:
        """Return True at most once per `seconds`, whichever worker calls."""
        ...


class StateStore(Protocol):
    """The lease and the memory of each app."""

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Reserve apps for the messages of a tick; return those that were free.

        A reservation expires after `seconds`, unless `begin` turns it into a lease.
        """
        ...

    def slow(self) -> set[int]:
        """Return the apps whose last request failed or was slow."""
        ...

    def resting(self) -> set[int]:
        """Return the apps that are not polled yet, because they did not answer."""
        ...

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return which of the apps are reserved or being evaluated."""
        ...

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Turn the app's reservation into a lease; return it with the app's memory.

        Returns None if the reservation has expired or was used already: the message
        is late, duplicated, or belongs to no tick. This makes a message that is
        delivered twice harmless (idempotent).
        """
        ...

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it was."""
        ...

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Release the lease; store the memory, unless it is None (unchanged).

        If the lease was lost meanwhile, the stored memory is deleted, so that the
        next evaluation reads the formation again.
        """
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps, without taking a lease."""
        ...

    def forget(self, app_id: int) -> None:
        """Delete an app's memory, and its reservation or lease.

        A message under way is then late, and an evaluation under way makes no change.
        """
        ...


class HealthStore(Protocol):
    """The heartbeats that show whether the fleet is being scaled."""

    def heartbeats(self) -> Heartbeats:
        """Return the last tick, the last evaluation and the changes still pending."""
        ...

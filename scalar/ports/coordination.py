"""What the workers share: ticks, leases with what is remembered, and health.

All of it may vanish at any time, and nothing is scaled because of that. Every
method may raise `CoordinationError`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scalar.core.app_state import Memory
from scalar.core.health import Vitals


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one app now. Only its holder can give it back."""

    app_id: int
    token: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that was let through.

    Attributes:
        at: When (aware, UTC).
        previous: When the one before was; None if that is not known.
    """

    at: datetime
    previous: datetime | None


class TickGate(Protocol):
    """Lets one fan-out through in each period, however many beats there are."""

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now, one per period (seconds).

        Returns None if it comes too early: another beat was there first.
        """
        ...

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        ...


class StateStore(Protocol):
    """Leases on apps, and what is remembered of each app."""

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Reserve apps for messages under way; return those that were free.

        A reservation ends after `seconds`, or when `begin` takes it.
        """
        ...

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        ...

    def resting(self) -> set[int]:
        """Return the apps that back off: they did not answer, and are not polled."""
        ...

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        ...

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Take the lease that the app was reserved for.

        Returns None if the reservation is over or was taken already: the message
        came too late, twice, or without a tick.
        """
        ...

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it is."""
        ...

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Release the lease; store the memory, unless it is None (unchanged).

        If the lease was lost meanwhile, the memory is dropped, so that the
        formation is read anew.
        """
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        ...

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        ...


class HealthStore(Protocol):
    """What shows that the fleet is being scaled."""

    def vitals(self) -> Vitals:
        """Return the last tick, the last evaluation and the changes that wait."""
        ...

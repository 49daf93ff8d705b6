"""What the workers share: ticks, leases, memories and health."""

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


class Coordinator(Protocol):
    """What the workers share: ticks, leases and memories.

    All of it may vanish at any time; nothing is scaled because of that. Every
    method may raise `CoordinationError`.
    """

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now: one for each period (seconds).

        Who asks too early, because another beat was there first, gets None.
        """
        ...

    def last_tick(self) -> datetime | None:
        """Return when the last fan-out was let through; None if unknown."""
        ...

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Keep these apps for a message under way; return those that were free.

        A reservation ends by itself after `seconds`, or when `begin` takes it.
        """
        ...

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        ...

    def resting(self) -> set[int]:
        """Return the apps that are not to be polled yet: they did not answer."""
        ...

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        ...

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for.

        Returns None if that reservation has ended, or was taken already: the
        message came too late, twice, or was ordered by nobody.
        """
        ...

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory in the midst of an evaluation, if the lease is still ours.

        Returns whether it is. If not, nothing is stored.
        """
        ...

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Give the lease back; store the memory, if it changed."""
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        ...

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        ...

    def vitals(self) -> Vitals:
        """Return the signs of life: ticks, evaluations, changes that wait."""
        ...

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        ...

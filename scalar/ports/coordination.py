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
from scalar.core.event import Event
from scalar.core.health import Heartbeats
from scalar.ports.outbox import Backlog


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one app now. Only its holder can release it.

    Attributes:
        app_id: The app.
        token: Tells this lease from others of the app.
        at: When it was taken, by the clock that all workers share (aware, UTC).
        server: The server that granted it, as long as it runs; empty if unknown.
            What another one has stored may lack its latest changes.
    """

    app_id: int
    token: str
    at: datetime
    server: str = ""


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

    def finish(
        self, lease: Lease, memory: Memory | None, events: Sequence[Event] = ()
    ) -> Backlog:
        """Release the lease; store the memory, unless it is None (unchanged).

        If the lease was lost meanwhile, the stored memory is deleted, so that the
        next evaluation reads the formation again.

        The events are added to the outbox in the same step, with or without the
        lease. Returns what waits there then; not counted where there are none.
        """
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps, without taking a lease."""
        ...

    def forget(self, app_id: int) -> None:
        """Delete everything that is kept of an app: its lease, memory and marks.

        An evaluation under way can then neither change the app nor store anything.
        """
        ...

    def marked(self, most: int) -> set[int]:
        """Return apps with a mark that does not expire: slow, resting or stuck.

        A random sample of at most `most` of each mark.
        """
        ...


class HealthStore(Protocol):
    """The heartbeats that show whether the fleet is being scaled."""

    def heartbeats(self) -> Heartbeats:
        """Return the last tick, the last evaluation and the changes still pending."""
        ...

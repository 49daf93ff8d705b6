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
from scalar.core.health import DECIDED, Heartbeats, Outcome, Tally
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an app that rests, or is slow, stands when a tick looks at it.

    Attributes:
        waits: Seconds since its last poll, or since its rest ended if that was later;
            negative while it rests.
        is_slow: Whether its last request failed or was slow. Fades: an app that was
            not polled for a while does not count as slow.
    """

    waits: float
    is_slow: bool


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

    def standing(self, app_ids: Sequence[int]) -> dict[int, Standing]:
        """Return the standing of those of the apps that rest or are slow.

        An app seen for the first time counts as polled now, so that `polled_before`
        and the heartbeats find it if it is never polled.
        """
        ...

    def polled_before(self, at: datetime, most: int) -> list[int]:
        """Return apps that were not polled since then, oldest poll first."""
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
        self,
        lease: Lease,
        memory: Memory | None,
        events: Sequence[Event] = (),
        outcome: Outcome = DECIDED,
    ) -> Backlog:
        """Release the lease; store the memory, unless it is None (unchanged).

        The outcome is for the heartbeats: only an evaluation that decided is one.

        If the lease was lost meanwhile, the stored memory is deleted, so that the
        next evaluation reads the formation again.

        The events are added to the outbox in the same step, with or without the
        lease. Returns what waits there then; not counted where there are none.
        """
        ...

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps, without taking a lease."""
        ...

    def polled(self, app_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when the last evaluation of apps ended, or they were first seen."""
        ...

    def forget(self, app_id: int) -> None:
        """Delete everything that is kept of an app: its lease, memory and marks.

        An evaluation under way can then neither change the app nor store anything.
        """
        ...


class HealthStore(Protocol):
    """The heartbeats that show whether the fleet is being scaled."""

    def heartbeats(self) -> Heartbeats:
        """Return the last tick, the last evaluation and what is held or waits."""
        ...

    def tally(self) -> Tally:
        """Return what was done since the last call, and begin anew."""
        ...

"""Coordination in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.outbox import MemoryOutbox
from scalar.core.app_state import Memory
from scalar.core.event import Event
from scalar.core.health import (
    DECIDED,
    LONGEST_STUCK,
    SAMPLE,
    Heartbeats,
    HeldApp,
    Outcome,
    Tally,
)
from scalar.ports.chance import Chance
from scalar.ports.clock import Clock
from scalar.ports.coordination import Lease, Standing, Tick
from scalar.ports.outbox import Backlog

#: Seconds without a poll after which an app no longer counts as slow.
SLOW_SECONDS = 600.0


class MemoryCoordinator:
    """The coordination ports, for one process.

    Attributes:
        outbox: The events on their way to the journal.
        runs_as: The process type of the dyno that takes the ticks.
    """

    runs_as = ""

    def __init__(
        self, clock: Clock, chance: Chance | None = None, *, early_part: float = 0.25
    ) -> None:
        self._clock = clock
        self._chance = chance or SeededChance()
        self._early_part = early_part
        self.outbox = MemoryOutbox()
        self._due: datetime | None = None
        self._last: datetime | None = None
        self._leases: dict[int, tuple[str, datetime]] = {}
        self._memories: dict[int, Memory] = {}
        self._polled: dict[int, datetime] = {}
        self._resting: dict[int, datetime] = {}
        self._stuck: dict[int, datetime] = {}
        self._leased: dict[int, datetime] = {}
        self._held: dict[int, tuple[datetime, str]] = {}
        self._evaluated: datetime | None = None
        self._ended: datetime | None = None
        self._tally = Tally()
        self._done: dict[str, datetime] = {}

    def open_tick(self, period: float) -> Tick | None:
        """Accept a tick, at most one per `period` seconds."""
        now, length = self._clock.now(), timedelta(seconds=period)
        due = self._due if self._due and self._due - now <= 2 * length else now
        if now < due - length * self._early_part:
            return None
        tick = Tick(now, self._last)
        self._due, self._last = max(due, now) + length, now
        return tick

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Reserve apps for the messages of a tick; return those that were free."""
        end = self._clock.now() + timedelta(seconds=seconds)
        free = [app_id for app_id in app_ids if self._holder(app_id) is None]
        self._leases.update((app_id, (token, end)) for app_id in free)
        return free

    def standing(self, app_ids: Sequence[int]) -> dict[int, Standing]:
        """Return the standing of those of the apps that rest or are slow."""
        now, found = self._clock.now(), {}
        for app_id in app_ids:
            polled = self._polled.setdefault(app_id, now)
            rest = self._resting.get(app_id, polled)
            memory = self._memories.get(app_id, Memory())
            is_slow = memory.slow and (now - polled).total_seconds() <= SLOW_SECONDS
            if is_slow or rest > now:
                waits = (now - max(polled, rest)).total_seconds()
                found[app_id] = Standing(waits, is_slow)
        return found

    def polled_before(self, at: datetime, most: int) -> list[int]:
        """Return apps that were not polled since then, oldest poll first."""
        old = [app_id for app_id, polled in self._polled.items() if polled < at]
        return sorted(old, key=self._polled.__getitem__)[:most]

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return which of the apps are reserved or being evaluated."""
        return {app_id for app_id in app_ids if self._holder(app_id)}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Turn the app's reservation into a lease; return it with the app's memory."""
        if self._holder(app_id) != token:
            return None
        lease = Lease(app_id, self._chance.token(), self._clock.now())
        never = datetime.max.replace(tzinfo=UTC)
        self._leases[app_id] = (lease.token, never)
        return lease, self._memories.get(app_id, Memory())

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it was."""
        if self._holder(lease.app_id) != lease.token:
            return False
        self._memories[lease.app_id] = memory
        return True

    def finish(
        self,
        lease: Lease,
        memory: Memory | None,
        events: Sequence[Event] = (),
        outcome: Outcome = DECIDED,
    ) -> Backlog:
        """Release the lease; store the memory, unless it is None (unchanged)."""
        backlog = self.outbox.add(events)
        holder = self._holder(lease.app_id)
        self._ended = self._polled[lease.app_id] = self._clock.now()
        if outcome.is_decided:
            self._evaluated = self._ended
        polls, changes = self._tally.polls + 1, self._tally.changes + outcome.changes
        self._tally = Tally(polls, changes)
        if holder == lease.token:
            del self._leases[lease.app_id]
            before = self._held.pop(lease.app_id, (self._ended, ""))
            if outcome.held:
                self._held[lease.app_id] = (before[0], outcome.held.value)
        if memory is None:
            return backlog
        if holder == lease.token:
            self._memories[lease.app_id] = memory
            now = self._clock.now()
            self._resting[lease.app_id] = now + timedelta(seconds=memory.rest)
            if memory.stuck:
                self._stuck.setdefault(lease.app_id, now)
            else:
                self._stuck.pop(lease.app_id, None)
            self._leased[lease.app_id] = memory.leased_until or now
        else:
            self._memories.pop(lease.app_id, None)
        return backlog

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps."""
        return {i: self._memories[i] for i in app_ids if i in self._memories}

    def forget(self, app_id: int) -> None:
        """Delete everything that is kept of an app: its lease, memory and marks."""
        for kept in (
            *(self._leases, self._memories, self._leased),
            *(self._polled, self._resting, self._stuck, self._held),
        ):
            kept.pop(app_id, None)

    def polled(self, app_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when the last evaluation of apps ended, or they were first seen."""
        return {i: self._polled[i] for i in app_ids if i in self._polled}

    def heartbeats(self) -> Heartbeats:
        """Return the heartbeats."""
        now = self._clock.now()
        long_ago = now - timedelta(seconds=LONGEST_STUCK)
        held = sorted((since, i, why) for i, (since, why) in self._held.items())
        return Heartbeats(
            now,
            self._last,
            self._evaluated,
            len(self._stuck),
            min(self._stuck.values(), default=None),
            min(self._polled.values(), default=None),
            sum(now < end for end in self._leased.values()),
            ended_at=self._ended,
            known=len(self._polled),
            stuck_long=sum(since < long_ago for since in self._stuck.values()),
            stuck_apps=tuple(sorted(self._stuck, key=self._stuck.__getitem__)[:SAMPLE]),
            held=len(held),
            held_long=sum(since < long_ago for since, _, _ in held),
            held_apps=tuple(HeldApp(i, since, why) for since, i, why in held[:SAMPLE]),
            runs_as=self.runs_as,
        )

    def tally(self) -> Tally:
        """Return what was done since the last call, and begin anew."""
        tally, self._tally = self._tally, Tally()
        return tally

    def once(self, name: str, seconds: float) -> bool:
        """Return True at most once per `seconds`, whichever worker calls."""
        now = self._clock.now()
        if name in self._done and now < self._done[name]:
            return False
        self._done[name] = now + timedelta(seconds=seconds)
        return True

    def lose_the_last_second(self, memory: Memory, app_id: int) -> None:
        """Go back to an earlier memory of an app, like a Redis that fails over."""
        self._memories[app_id] = replace(memory, doubtful=True)

    def lose_everything(self) -> None:
        """Lose all state, like a Redis that was restarted."""
        self.__init__(self._clock, self._chance, early_part=self._early_part)  # type: ignore[misc] # resets it to a new one

    def _holder(self, app_id: int) -> str | None:
        token, end = self._leases.get(app_id, ("", datetime.min.replace(tzinfo=UTC)))
        return token if self._clock.now() < end else None

"""Coordination in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from scalar.adapters.inmemory.chance import SeededChance
from scalar.core.app_state import Memory
from scalar.core.health import Heartbeats
from scalar.ports.chance import Chance
from scalar.ports.clock import Clock
from scalar.ports.coordination import Lease, Tick


class MemoryCoordinator:
    """The coordination ports, for one process."""

    def __init__(
        self, clock: Clock, chance: Chance | None = None, *, early_part: float = 0.25
    ) -> None:
        self._clock = clock
        self._chance = chance or SeededChance()
        self._early_part = early_part
        self._due: datetime | None = None
        self._last: datetime | None = None
        self._leases: dict[int, tuple[str, datetime]] = {}
        self._memories: dict[int, Memory] = {}
        self._resting: dict[int, datetime] = {}
        self._stuck: dict[int, datetime] = {}
        self._evaluated: datetime | None = None
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

    def slow(self) -> set[int]:
        """Return the apps whose last request failed or was slow."""
        return {app_id for app_id, memory in self._memories.items() if memory.slow}

    def resting(self) -> set[int]:
        """Return the apps that are not polled yet, because they did not answer."""
        now = self._clock.now()
        return {app_id for app_id, until in self._resting.items() if now < until}

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return which of the apps are reserved or being evaluated."""
        return {app_id for app_id in app_ids if self._holder(app_id)}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Turn the app's reservation into a lease; return it with the app's memory."""
        if self._holder(app_id) != token:
            return None
        lease = Lease(app_id, self._chance.token())
        never = datetime.max.replace(tzinfo=UTC)
        self._leases[app_id] = (lease.token, never)
        return lease, self._memories.get(app_id, Memory())

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it was."""
        if self._holder(lease.app_id) != lease.token:
            return False
        self._memories[lease.app_id] = memory
        return True

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Release the lease; store the memory, unless it is None (unchanged)."""
        holder = self._holder(lease.app_id)
        self._evaluated = self._clock.now()
        if holder == lease.token:
            del self._leases[lease.app_id]
        if memory is None:
            return
        if holder == lease.token:
            self._memories[lease.app_id] = memory
            now = self._clock.now()
            self._resting[lease.app_id] = now + timedelta(seconds=memory.rest)
            if memory.stuck:
                self._stuck.setdefault(lease.app_id, now)
            else:
                self._stuck.pop(lease.app_id, None)
        else:
            self._memories.pop(lease.app_id, None)

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps."""
        return {i: self._memories[i] for i in app_ids if i in self._memories}

    def forget(self, app_id: int) -> None:
        """Delete an app's memory, and its reservation or lease."""
        self._memories.pop(app_id, None)
        self._leases.pop(app_id, None)
        self._resting.pop(app_id, None)
        self._stuck.pop(app_id, None)

    def heartbeats(self) -> Heartbeats:
        """Return the heartbeats."""
        return Heartbeats(
            self._clock.now(),
            self._last,
            self._evaluated,
            len(self._stuck),
            min(self._stuck.values(), default=None),
        )

    def once(self, name: str, seconds: float) -> bool:
        """Return True at most once per `seconds`, whichever worker calls."""
        now = self._clock.now()
        if name in self._done and now < self._done[name]:
            return False
        self._done[name] = now + timedelta(seconds=seconds)
        return True

    def lose_everything(self) -> None:
        """Lose all state, like a Redis that was restarted."""
        self.__init__(self._clock, self._chance, early_part=self._early_part)  # type: ignore[misc] # resets it to a new one

    def _holder(self, app_id: int) -> str | None:
        token, end = self._leases.get(app_id, ("", datetime.min.replace(tzinfo=UTC)))
        return token if self._clock.now() < end else None

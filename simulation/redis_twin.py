"""Redis as the coordinator's scripts leave it: leases that end, memories as text.

The names of the members are those of the Redis keys (`adapters/redis/coordinator.py`).
All times are Redis' own, in seconds. Held to the contract tests of the coordinator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from scalar.adapters.redis import memory_json
from scalar.adapters.redis.coordinator import EARLY_PART, LEASE_SECONDS
from scalar.core.app_state import Memory
from scalar.core.health import Heartbeats
from scalar.ports.chance import Chance
from scalar.ports.coordination import Lease, Tick

Dump = Callable[[Memory], str]
#: An app's number, name and revision, and the token of the tick.
Message = tuple[int, str, int, str]


@dataclass
class Keys:
    """What Redis keeps; all of it is lost or rolled back together.

    Attributes:
        due: When the next tick is due.
        last: When the last one was let through.
        lease: App to a token, and when it expires.
        app: App to what is remembered of it, as text.
        slow: Apps whose last exchange failed or took long.
        resting: App to the time until which it is not polled.
        stuck: App to the time since when Heroku takes no change of it.
        evaluated: When the last evaluation ended.
        once: Job to the time until which it is done.
        account: What is known of Heroku accounts, by key.
        ticks: Ticks that no worker has taken yet; they have a queue of their own.
        queue: Evaluations that no worker has taken yet.
    """

    due: float | None = None
    last: float | None = None
    lease: dict[int, tuple[str, float]] = field(default_factory=dict)
    app: dict[int, str] = field(default_factory=dict)
    slow: set[int] = field(default_factory=set)
    resting: dict[int, float] = field(default_factory=dict)
    stuck: dict[int, float] = field(default_factory=dict)
    evaluated: float | None = None
    once: dict[str, float] = field(default_factory=dict)
    account: dict[str, dict[str, float | str]] = field(default_factory=dict)
    ticks: int = 0
    queue: list[Message] = field(default_factory=list)


class RedisTwin:
    """The coordinator's scripts, on `Keys`.

    Attributes:
        keys: What Redis keeps.
        longest: Bytes of the longest memory so far.
    """

    def __init__(
        self,
        now: Callable[[], float],
        moment: Callable[[float], datetime],
        chance: Chance,
    ) -> None:
        self._now = now
        self._moment = moment
        self._chance = chance
        self.keys = Keys()
        self.longest = 0

    def copy(self) -> Keys:
        """Return what Redis keeps now, for a failover to go back to."""
        return deepcopy(self.keys)

    def holder(self, app_id: int) -> str | None:
        """Return the token of whoever has the lease now."""
        token, end = self.keys.lease.get(app_id, ("", 0.0))
        return token if self._now() < end else None

    def renew(self, lease: Lease) -> None:
        """Lengthen a lease, as the keeper does, if it is still its holder's."""
        if self.holder(lease.app_id) == lease.token:
            end = self._now() + LEASE_SECONDS
            self.keys.lease[lease.app_id] = (lease.token, end)

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now."""
        now, keys = self._now(), self.keys
        due = now if keys.due is None else keys.due
        if due - now > 2 * period:
            due = now
        if now < due - period * EARLY_PART:
            return None
        previous = None if keys.last is None else self._moment(keys.last)
        keys.due, keys.last = max(due, now) + period, now
        return Tick(self._moment(now), previous)

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Keep apps for messages under way; return those that were free."""
        free = [app_id for app_id in app_ids if self.holder(app_id) is None]
        end = self._now() + seconds
        self.keys.lease.update((app_id, (token, end)) for app_id in free)
        return free

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        return set(self.keys.slow)

    def resting(self) -> set[int]:
        """Return the apps that are not to be polled yet."""
        now = self._now()
        return {app_id for app_id, until in self.keys.resting.items() if now < until}

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        return {app_id for app_id in app_ids if self.holder(app_id)}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for, if it still is."""
        if self.holder(app_id) != token:
            return None
        lease = Lease(app_id, self._chance.token())
        self.keys.lease[app_id] = (lease.token, self._now() + LEASE_SECONDS)
        return lease, memory_json.load(self.keys.app.get(app_id))

    def store(
        self, lease: Lease, memory: Memory, dump: Dump = memory_json.dump
    ) -> bool:
        """Store the memory, if the lease is still ours; return whether it is.

        Another version of the program makes another text of it.
        """
        if self.holder(lease.app_id) != lease.token:
            return False
        self._keep(lease.app_id, dump(memory))
        return True

    def finish(
        self, lease: Lease, memory: Memory | None, dump: Dump = memory_json.dump
    ) -> None:
        """Give the lease back; store the memory, if it changed."""
        app_id, keys, now = lease.app_id, self.keys, self._now()
        is_ours = self.holder(app_id) == lease.token
        keys.evaluated = now
        if is_ours:
            del keys.lease[app_id]
        if memory is None:
            return
        if not is_ours:
            keys.app.pop(app_id, None)
            return
        self._keep(app_id, dump(memory))
        (keys.slow.add if memory.slow else keys.slow.discard)(app_id)
        if memory.rest > 0:
            keys.resting[app_id] = now + memory.rest
        else:
            keys.resting.pop(app_id, None)
        if memory.stuck:
            keys.stuck.setdefault(app_id, now)
        else:
            keys.stuck.pop(app_id, None)

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        texts = self.keys.app
        return {i: memory_json.load(texts[i]) for i in app_ids if i in texts}

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app, and its reservation or lease."""
        self.keys.app.pop(app_id, None)
        self.keys.lease.pop(app_id, None)
        self.keys.slow.discard(app_id)
        self.keys.resting.pop(app_id, None)
        self.keys.stuck.pop(app_id, None)

    def heartbeats(self) -> Heartbeats:
        """Return the signs of life."""
        keys = self.keys
        first = min(keys.stuck.values(), default=None)
        ticked, evaluated, stuck = (
            None if at is None else self._moment(at)
            for at in (keys.last, keys.evaluated, first)
        )
        now = self._moment(self._now())
        return Heartbeats(now, ticked, evaluated, len(keys.stuck), stuck)

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        now = self._now()
        if now < self.keys.once.get(name, now):
            return False
        self.keys.once[name] = now + seconds
        return True

    def _keep(self, app_id: int, text: str) -> None:
        self.longest = max(self.longest, len(text))
        self.keys.app[app_id] = text

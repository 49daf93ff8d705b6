"""Redis as the coordinator's scripts leave it: leases that end, memories as text.

The names of the members are those of the Redis keys (`adapters/redis/coordinator.py`).
All times are Redis' own, in seconds. Held to the contract tests of the coordinator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import datetime

from scalar.adapters.redis import event_json, memory_json
from scalar.adapters.redis.coordinator import (
    EARLY_PART,
    LEASE_SECONDS,
    SLOW_SECONDS,
)
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
from scalar.ports.coordination import Lease, Standing, Tick
from scalar.ports.outbox import MOST_WAITING, Backlog

Dump = Callable[[Memory, str], str]
#: An app's number, name and revision, the token of the tick, and whether it is slow.
Message = tuple[int, str, int, str, bool]


@dataclass
class Keys:
    """What Redis keeps; all of it is lost or rolled back together.

    Attributes:
        due: When the next tick is due.
        last: When the last one was let through.
        lease: App to a token, and when it expires.
        app: App to what is remembered of it, as text.
        slow: Apps whose last exchange failed or took long.
        polled: App to the time when its last evaluation ended.
        resting: App to the time until which it is not polled.
        stuck: App to the time since when Heroku takes no change of it.
        outbox: Events on their way to the journal, as text, by their ids.
        leased: App to the time until which a manual change is left alone.
        evaluated: When counts were last decided on.
        ended: When the last evaluation ended, decided or not.
        held: App to the time since when it is held, and to the reason.
        tally: Evaluations and changes since they were last read.
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
    polled: dict[int, float] = field(default_factory=dict)
    resting: dict[int, float] = field(default_factory=dict)
    stuck: dict[int, float] = field(default_factory=dict)
    outbox: dict[str, str] = field(default_factory=dict)
    leased: dict[int, datetime] = field(default_factory=dict)
    evaluated: float | None = None
    ended: float | None = None
    held: dict[int, tuple[float, str]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    once: dict[str, float] = field(default_factory=dict)
    account: dict[str, dict[str, float | str]] = field(default_factory=dict)
    ticks: int = 0
    queue: list[Message] = field(default_factory=list)


MEMBERS = fields(Keys)


class RedisTwin:
    """The coordinator's scripts, on `Keys`.

    Attributes:
        keys: What Redis keeps.
        longest: Bytes of the longest memory so far.
        server: The server that runs now; another one after a failover.
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
        self.server = "1"

    def replace(self, keys: Keys) -> None:
        """Go on as another server, with what that one has."""
        self.keys = keys
        self.server = str(int(self.server) + 1)

    def copy(self) -> Keys:
        """Return what Redis keeps now, for a failover to go back to."""
        kept = Keys(**{one.name: copy(getattr(self.keys, one.name)) for one in MEMBERS})
        kept.account = {name: dict(known) for name, known in kept.account.items()}
        return kept

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

    def standing(self, app_ids: Sequence[int]) -> dict[int, Standing]:
        """Return the standing of those of the apps that rest or are slow."""
        now, keys, found = self._now(), self.keys, {}
        for app_id in app_ids:
            polled = keys.polled.setdefault(app_id, now)
            rest = keys.resting.get(app_id, 0.0)
            is_slow = app_id in keys.slow and now - polled <= SLOW_SECONDS
            if is_slow or rest > now:
                found[app_id] = Standing(now - max(polled, rest), is_slow)
        return found

    def polled_before(self, at: datetime, most: int) -> list[int]:
        """Return apps that were not polled since then, oldest poll first."""
        polled = self.keys.polled
        old = [app_id for app_id in polled if self._moment(polled[app_id]) < at]
        return sorted(old, key=polled.__getitem__)[:most]

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        return {app_id for app_id in app_ids if self.holder(app_id)}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for, if it still is."""
        if self.holder(app_id) != token:
            return None
        lease = Lease(
            app_id, self._chance.token(), self._moment(self._now()), self.server
        )
        self.keys.lease[app_id] = (lease.token, self._now() + LEASE_SECONDS)
        text = self.keys.app.get(app_id)
        memory = memory_json.load(text, self.server)
        if events := memory_json.unwritten_events(text):
            self._add(events)
            self._keep(app_id, memory_json.dump(memory, self.server))
        return lease, memory

    def store(
        self, lease: Lease, memory: Memory, dump: Dump = memory_json.dump
    ) -> bool:
        """Store the memory, if the lease is still ours; return whether it is.

        Another version of the program makes another text of it.
        """
        if self.holder(lease.app_id) != lease.token:
            return False
        self._keep(lease.app_id, dump(memory, lease.server))
        return True

    def finish(
        self,
        lease: Lease,
        memory: Memory | None,
        events: Sequence[Event] = (),
        outcome: Outcome = DECIDED,
        *,
        dump: Dump = memory_json.dump,
    ) -> Backlog:
        """Give the lease back; store the memory, if it changed, and the events."""
        backlog = self._add(events)
        app_id, keys, now = lease.app_id, self.keys, self._now()
        is_ours = self.holder(app_id) == lease.token
        keys.ended = keys.polled[app_id] = now
        if outcome.is_decided:
            keys.evaluated = now
        keys.tally = Tally(keys.tally.polls + 1, keys.tally.changes + outcome.changes)
        if is_ours:
            del keys.lease[app_id]
            since, _ = keys.held.pop(app_id, (now, ""))
            if outcome.held:
                keys.held[app_id] = (since, outcome.held.value)
        if memory is None:
            return backlog
        if not is_ours:
            keys.app.pop(app_id, None)
            return backlog
        self._keep(app_id, dump(memory, lease.server))
        (keys.slow.add if memory.slow else keys.slow.discard)(app_id)
        if memory.rest > 0:
            keys.resting[app_id] = now + memory.rest
        else:
            keys.resting.pop(app_id, None)
        if memory.stuck:
            keys.stuck.setdefault(app_id, now)
        else:
            keys.stuck.pop(app_id, None)
        keys.leased[app_id] = memory.leased_until or self._moment(now)
        return backlog

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        texts = self.keys.app
        return {i: memory_json.load(texts[i]) for i in app_ids if i in texts}

    def forget(self, app_id: int) -> None:
        """Drop everything that is kept of an app, its lease included."""
        keys = self.keys
        keys.slow.discard(app_id)
        for kept in (
            *(keys.lease, keys.app, keys.leased),
            *(keys.polled, keys.resting, keys.stuck, keys.held),
        ):
            kept.pop(app_id, None)

    def waiting(self, most: int) -> Sequence[Event]:
        """Return events that the journal may not have, the oldest first."""
        return [event_json.load(text) for text in self.keys.outbox.values()][:most]

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events from the outbox."""
        for event in events:
            self.keys.outbox.pop(event.id, None)

    def _add(self, events: Sequence[Event]) -> Backlog:
        outbox = self.keys.outbox
        if not events:
            return Backlog(0)
        for event in events:
            outbox.setdefault(event.id, event_json.dump(event))
        dropped = list(outbox)[: max(len(outbox) - MOST_WAITING, 0)]
        for one in dropped:
            del outbox[one]
        return Backlog(len(outbox), len(dropped))

    def heartbeats(self) -> Heartbeats:
        """Return the signs of life."""
        keys = self.keys
        first = min(keys.stuck.values(), default=None)
        oldest = min(keys.polled.values(), default=None)
        ticked, evaluated, stuck, polled, ended = (
            None if at is None else self._moment(at)
            for at in (keys.last, keys.evaluated, first, oldest, keys.ended)
        )
        now, long_ago = self._moment(self._now()), self._now() - LONGEST_STUCK
        leased = sum(now < end for end in keys.leased.values())
        held = sorted((since, i, why) for i, (since, why) in keys.held.items())
        return Heartbeats(
            *(now, ticked, evaluated, len(keys.stuck), stuck, polled, leased),
            ended_at=ended,
            known=len(keys.polled),
            stuck_long=sum(since < long_ago for since in keys.stuck.values()),
            stuck_apps=tuple(sorted(keys.stuck, key=keys.stuck.__getitem__)[:SAMPLE]),
            held=len(held),
            held_long=sum(since < long_ago for since, _, _ in held),
            held_apps=tuple(
                HeldApp(i, self._moment(since), why) for since, i, why in held[:SAMPLE]
            ),
        )

    def polled(self, app_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when the last evaluation of apps ended, or they were first seen."""
        polled = self.keys.polled
        return {i: self._moment(polled[i]) for i in app_ids if i in polled}

    def tally(self) -> Tally:
        """Return what was done since the last call, and begin anew."""
        tally, self.keys.tally = self.keys.tally, Tally()
        return tally

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

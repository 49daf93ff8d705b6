"""Ticks, leases, memories and heartbeats in Redis."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import redis

from scalar.adapters.redis import event_json, memory_json, redis_keys, scripts
from scalar.adapters.redis.connection import moment, translate_errors
from scalar.adapters.redis.lease_keeper import LeaseKeeper
from scalar.adapters.redis.script_batcher import ScriptBatcher
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
from scalar.core.whole_number import whole_number
from scalar.ports.coordination import Lease, Standing, Tick
from scalar.ports.outbox import MOST_WAITING, Backlog

#: Fraction of a period by which a tick may be early: beats and queues jitter.
EARLY_PART = 0.25
#: Seconds until a lease expires unless it is renewed: how long an app is not evaluated
#: after the worker that was evaluating it has died.
LEASE_SECONDS = 3.0
#: Seconds for which an evaluation keeps its lease; more than its deadline, with the
#: database's.
LONGEST_EVALUATION = 30.0
#: Seconds without a poll after which an app no longer counts as slow.
SLOW_SECONDS = 600.0
#: Seconds until an unchanged memory expires.
MEMORY_SECONDS = 7 * 86_400


class RedisCoordinator:
    """The coordination ports, shared by workers on all dynos."""

    def __init__(self, client: redis.Redis, runs_as: str = "") -> None:
        """Initialise it.

        Args:
            client: The Redis.
            runs_as: The process type of this dyno; empty off a dyno.
        """
        self._redis = client
        self._runs_as = runs_as
        self._open_tick = client.register_script(scripts.OPEN_TICK)
        self._reserve = client.register_script(scripts.RESERVE)
        self._begin = client.register_script(scripts.BEGIN)
        self._store = client.register_script(scripts.STORE)
        self._finish = client.register_script(scripts.FINISH)
        self._move_events = client.register_script(scripts.MOVE_EVENTS)
        self._heartbeats = client.register_script(scripts.HEARTBEATS)
        self._tally = client.register_script(scripts.TALLY)
        self._standing = client.register_script(scripts.STANDING)
        self._batcher = ScriptBatcher(client.connection_pool)
        self._keeper = LeaseKeeper(client, LEASE_SECONDS, LONGEST_EVALUATION)

    def open_tick(self, period: float) -> Tick | None:
        """Accept a tick, at most one per `period` seconds."""
        milliseconds = int(period * 1000)
        keys = [redis_keys.TICK_DUE, redis_keys.TICK_LAST, redis_keys.TICK_BY]
        with translate_errors():
            accepted: Any = self._open_tick(
                keys=keys,
                args=[milliseconds, int(milliseconds * EARLY_PART), self._runs_as],
            )
        if not accepted:
            return None
        at, previous = accepted
        return Tick(moment(at), moment(previous) if previous else None)

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Reserve apps for the messages of a tick; return those that were free."""
        if not app_ids:
            return []
        with translate_errors():
            free: Any = self._reserve(
                keys=[redis_keys.lease_of(app_id) for app_id in app_ids],
                args=[token, int(seconds * 1000)],
            )
        return [app_ids[place] for place in free]

    def standing(self, app_ids: Sequence[int]) -> dict[int, Standing]:
        """Return the standing of those of the apps that rest or are slow."""
        if not app_ids:
            return {}
        with translate_errors():
            found: Any = self._standing(
                keys=[redis_keys.POLLED, redis_keys.SLOW, redis_keys.RESTING_UNTIL],
                args=[int(SLOW_SECONDS * 1000), *app_ids],
            )
        return {
            app_ids[place]: Standing(waits / 1000, bool(is_slow))
            for place, waits, is_slow in found
        }

    def polled_before(self, at: datetime, most: int) -> list[int]:
        """Return apps that were not polled since then, oldest poll first."""
        with translate_errors():
            members: Any = self._redis.zrange(
                redis_keys.POLLED,
                "-inf",
                f"({int(at.timestamp() * 1000)}",
                byscore=True,
                offset=0,
                num=most,
            )
        numbers = {member: whole_number(member) for member in members}
        forged = [member for member, number in numbers.items() if number is None]
        if forged:
            with translate_errors():
                self._redis.zrem(redis_keys.POLLED, *forged)
        return [number for number in numbers.values() if number is not None]

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return which of the apps are reserved or being evaluated."""
        ordered = sorted(app_ids)
        if not ordered:
            return set()
        with translate_errors():
            holders: Any = self._redis.mget([redis_keys.lease_of(i) for i in ordered])
        return {i for i, holder in zip(ordered, holders, strict=True) if holder}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Turn the app's reservation into a lease; return it with the app's memory."""
        token_of_lease = secrets.token_hex(8)
        with translate_errors():
            begun: Any = self._batcher.run(
                self._begin,
                keys=[redis_keys.lease_of(app_id), redis_keys.memory_of(app_id)],
                args=[token, token_of_lease, int(LEASE_SECONDS * 1000)],
            )
        if not begun[0]:
            return None
        _, text, at, server = begun
        lease = Lease(app_id, token_of_lease, moment(at), server)
        self._keeper.keep(redis_keys.lease_of(app_id), lease.token)
        memory = memory_json.load(text, server)
        if events := memory_json.unwritten_events(text):
            self._move(lease, memory, events)
        return lease, memory

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it was."""
        with translate_errors():
            stored: Any = self._batcher.run(
                self._store,
                keys=[
                    redis_keys.lease_of(lease.app_id),
                    redis_keys.memory_of(lease.app_id),
                ],
                args=[
                    lease.token,
                    memory_json.dump(memory, lease.server),
                    MEMORY_SECONDS,
                ],
            )
        return bool(stored)

    def finish(
        self,
        lease: Lease,
        memory: Memory | None,
        events: Sequence[Event] = (),
        outcome: Outcome = DECIDED,
    ) -> Backlog:
        """Release the lease; store the memory, unless it is None (unchanged).

        The events go to the outbox in the same script.
        """
        self._keeper.drop(redis_keys.lease_of(lease.app_id))
        text = "" if memory is None else memory_json.dump(memory, lease.server)
        slow_command = "SADD" if memory and memory.slow else "SREM"
        with translate_errors():
            backlog: Any = self._batcher.run(
                self._finish,
                keys=[
                    redis_keys.lease_of(lease.app_id),
                    redis_keys.memory_of(lease.app_id),
                    redis_keys.SLOW,
                    redis_keys.RESTING_UNTIL,
                    redis_keys.STUCK,
                    redis_keys.EVALUATED,
                    *(redis_keys.OUTBOX, redis_keys.OUTBOX_EVENTS),
                    *(redis_keys.POLLED, redis_keys.LEASED_UNTIL, redis_keys.ENDED),
                    *(redis_keys.HELD, redis_keys.HELD_REASONS, redis_keys.TALLY),
                ],
                args=[
                    *(lease.token, text, MEMORY_SECONDS, slow_command, lease.app_id),
                    int(memory.rest * 1000) if memory else 0,
                    int(memory.stuck) if memory else 0,
                    MOST_WAITING,
                    _milliseconds(memory.leased_until) if memory else 0,
                    int(outcome.is_decided),
                    outcome.held.value if outcome.held else "",
                    outcome.changes,
                    *_by_id(events),
                ],
            )
        return Backlog(*backlog)

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of apps, without taking a lease."""
        if not app_ids:
            return {}
        with translate_errors():
            texts: Any = self._redis.mget([redis_keys.memory_of(i) for i in app_ids])
        return {
            app_id: memory_json.load(text)
            for app_id, text in zip(app_ids, texts, strict=True)
            if text
        }

    def polled(self, app_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when the last evaluation of apps ended, or they were first seen."""
        if not app_ids:
            return {}
        with translate_errors():
            times: Any = self._redis.zmscore(redis_keys.POLLED, list(map(str, app_ids)))
        return {
            app_id: moment(str(int(at)))
            for app_id, at in zip(app_ids, times, strict=True)
            if at is not None
        }

    def forget(self, app_id: int) -> None:
        """Delete everything that is kept of an app: its lease, memory and marks."""
        with translate_errors(), self._redis.pipeline() as pipe:
            pipe.delete(*redis_keys.all_of(app_id))
            pipe.srem(redis_keys.SLOW, app_id)
            pipe.hdel(redis_keys.HELD_REASONS, str(app_id))
            for marks in redis_keys.TIMED_MARKS:
                pipe.zrem(marks, app_id)
            pipe.execute()

    def heartbeats(self) -> Heartbeats:
        """Return the heartbeats, by the Redis server's clock."""
        with translate_errors():
            found: Any = self._heartbeats(
                keys=[
                    *(redis_keys.TICK_LAST, redis_keys.EVALUATED),
                    *(redis_keys.STUCK, redis_keys.POLLED, redis_keys.LEASED_UNTIL),
                    *(redis_keys.ENDED, redis_keys.TICK_BY),
                    *(redis_keys.HELD, redis_keys.HELD_REASONS),
                ],
                args=[LONGEST_STUCK * 1000, SAMPLE],
            )
        at, ticked, evaluated, stuck, since, oldest, leased, ended, *rest = found
        known, stuck_long, stuck_apps, held, held_long, held_apps, reasons, by = rest
        return Heartbeats(
            moment(at),
            ticked_at=moment(ticked) if ticked else None,
            evaluated_at=moment(evaluated) if evaluated else None,
            stuck=int(stuck),
            stuck_since=moment(since) if since else None,
            oldest_poll_at=moment(oldest) if oldest else None,
            leased=int(leased),
            ended_at=moment(ended) if ended else None,
            known=int(known),
            stuck_long=int(stuck_long),
            stuck_apps=tuple(
                number for one in stuck_apps if (number := whole_number(one))
            ),
            held=int(held),
            held_long=int(held_long),
            held_apps=tuple(_held_apps(held_apps, reasons)),
            runs_as=by,
        )

    def tally(self) -> Tally:
        """Return what was done since the last call, and begin anew."""
        with translate_errors():
            polls, changes = self._tally(keys=[redis_keys.TALLY])
        return Tally(whole_number(polls) or 0, whole_number(changes) or 0)

    def once(self, name: str, seconds: float) -> bool:
        """Return True at most once per `seconds`, whichever worker calls."""
        with translate_errors():
            first = self._redis.set(
                redis_keys.once(name), "1", nx=True, px=int(seconds * 1000)
            )
        return bool(first)

    def _move(self, lease: Lease, memory: Memory, events: Sequence[Event]) -> None:
        with translate_errors():
            self._move_events(
                keys=[
                    redis_keys.lease_of(lease.app_id),
                    redis_keys.memory_of(lease.app_id),
                    *(redis_keys.OUTBOX, redis_keys.OUTBOX_EVENTS),
                ],
                args=[
                    *(lease.token, memory_json.dump(memory, lease.server)),
                    MEMORY_SECONDS,
                    MOST_WAITING,
                    *_by_id(events),
                ],
            )


def _by_id(events: Sequence[Event]) -> list[str]:
    return [text for event in events for text in (event.id, event_json.dump(event))]


def _held_apps(
    ids_and_times: Sequence[str], reasons: Sequence[str]
) -> Iterator[HeldApp]:
    pairs = zip(ids_and_times[::2], ids_and_times[1::2], reasons, strict=True)
    for member, since, reason in pairs:
        if number := whole_number(member):
            yield HeldApp(number, moment(since), reason or "unknown")


def _milliseconds(at: datetime | None) -> int:
    return int(at.timestamp() * 1000) if at else 0

"""Ticks, leases, memories and heartbeats in Redis."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import redis

from scalar.adapters.redis import memory_json, redis_keys, scripts
from scalar.adapters.redis.connection import translate_errors
from scalar.adapters.redis.lease_keeper import LeaseKeeper
from scalar.adapters.redis.script_batcher import ScriptBatcher
from scalar.core.app_state import Memory
from scalar.core.health import Heartbeats
from scalar.ports.coordination import Lease, Tick

#: Fraction of a period by which a tick may be early: beats and queues jitter.
EARLY_PART = 0.25
#: Seconds until a lease expires unless it is renewed: how long an app is not evaluated
#: after the worker that was evaluating it has died.
LEASE_SECONDS = 3.0
#: Seconds until an unchanged memory expires.
MEMORY_SECONDS = 7 * 86_400


class RedisCoordinator:
    """The coordination ports, shared by workers on all dynos."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._open_tick = client.register_script(scripts.OPEN_TICK)
        self._reserve = client.register_script(scripts.RESERVE)
        self._begin = client.register_script(scripts.BEGIN)
        self._store = client.register_script(scripts.STORE)
        self._finish = client.register_script(scripts.FINISH)
        self._heartbeats = client.register_script(scripts.HEARTBEATS)
        self._resting = client.register_script(scripts.RESTING)
        self._batcher = ScriptBatcher(client.connection_pool)
        self._keeper = LeaseKeeper(client, LEASE_SECONDS)

    def open_tick(self, period: float) -> Tick | None:
        """Accept a tick, at most one per `period` seconds."""
        milliseconds = int(period * 1000)
        keys = [redis_keys.TICK_DUE, redis_keys.TICK_LAST]
        with translate_errors():
            accepted: Any = self._open_tick(
                keys=keys, args=[milliseconds, int(milliseconds * EARLY_PART)]
            )
        if not accepted:
            return None
        at, previous = accepted
        return Tick(_moment(at), _moment(previous) if previous else None)

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

    def slow(self) -> set[int]:
        """Return the apps whose last request failed or was slow."""
        with translate_errors():
            members: Any = self._redis.smembers(redis_keys.SLOW)
        return {int(member) for member in members}

    def resting(self) -> set[int]:
        """Return the apps that are not polled yet, because they did not answer."""
        with translate_errors():
            members: Any = self._resting(keys=[redis_keys.RESTING_UNTIL])
        return {int(member) for member in members}

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
        lease = Lease(app_id, secrets.token_hex(8))
        with translate_errors():
            begun: Any = self._batcher.run(
                self._begin,
                keys=[redis_keys.lease_of(app_id), redis_keys.memory_of(app_id)],
                args=[token, lease.token, int(LEASE_SECONDS * 1000)],
            )
        if not begun[0]:
            return None
        self._keeper.keep(redis_keys.lease_of(app_id), lease.token)
        return lease, memory_json.load(begun[1])

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held; return whether it was."""
        with translate_errors():
            stored: Any = self._batcher.run(
                self._store,
                keys=[
                    redis_keys.lease_of(lease.app_id),
                    redis_keys.memory_of(lease.app_id),
                ],
                args=[lease.token, memory_json.dump(memory), MEMORY_SECONDS],
            )
        return bool(stored)

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Release the lease; store the memory, unless it is None (unchanged)."""
        self._keeper.drop(redis_keys.lease_of(lease.app_id))
        text = "" if memory is None else memory_json.dump(memory)
        slow_command = "SADD" if memory and memory.slow else "SREM"
        with translate_errors():
            self._batcher.run(
                self._finish,
                keys=[
                    redis_keys.lease_of(lease.app_id),
                    redis_keys.memory_of(lease.app_id),
                    redis_keys.SLOW,
                    redis_keys.RESTING_UNTIL,
                    redis_keys.STUCK,
                    redis_keys.EVALUATED,
                ],
                args=[
                    *(lease.token, text, MEMORY_SECONDS, slow_command, lease.app_id),
                    int(memory.rest * 1000) if memory else 0,
                    int(memory.stuck) if memory else 0,
                ],
            )

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

    def forget(self, app_id: int) -> None:
        """Delete an app's memory, and its reservation or lease."""
        with translate_errors(), self._redis.pipeline() as pipe:
            pipe.delete(redis_keys.memory_of(app_id), redis_keys.lease_of(app_id))
            pipe.srem(redis_keys.SLOW, app_id)
            pipe.zrem(redis_keys.RESTING_UNTIL, app_id)
            pipe.zrem(redis_keys.STUCK, app_id)
            pipe.execute()

    def heartbeats(self) -> Heartbeats:
        """Return the heartbeats, by the Redis server's clock."""
        with translate_errors():
            found: Any = self._heartbeats(
                keys=[redis_keys.TICK_LAST, redis_keys.EVALUATED, redis_keys.STUCK]
            )
        at, ticked, evaluated, stuck, since = found
        return Heartbeats(
            _moment(at),
            ticked_at=_moment(ticked) if ticked else None,
            evaluated_at=_moment(evaluated) if evaluated else None,
            stuck=int(stuck),
            stuck_since=_moment(since) if since else None,
        )

    def once(self, name: str, seconds: float) -> bool:
        """Return True at most once per `seconds`, whichever worker calls."""
        with translate_errors():
            first = self._redis.set(
                redis_keys.once(name), "1", nx=True, px=int(seconds * 1000)
            )
        return bool(first)


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)

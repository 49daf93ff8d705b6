"""Ticks, leases and memories in Redis.

    scalar:tick:due      when the next tick is due (ms)
    scalar:tick:last     when the last one was let through (ms)
    scalar:lease:ID      token of a reservation, or of the evaluation under way
    scalar:app:ID        what is remembered of an app (JSON)
    scalar:slow          the apps whose last exchange failed or took long
    scalar:resting       the apps that are not polled yet, and until when (ms)
    scalar:stuck         the apps for which Heroku took no change, since when (ms)
    scalar:evaluated     when the last evaluation ended (ms)
    scalar:once:NAME     a once-in-a-while job has been done

Each use is one round trip. All times are those of the Redis server, so the
clocks of the workers need not agree.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import redis

from scalar.adapters.redis import memory_json
from scalar.adapters.redis.connection import PREFIX, translate_errors
from scalar.adapters.redis.lease_keeper import LeaseKeeper
from scalar.adapters.redis.script_batcher import SharedTrips
from scalar.core.app_state import Memory
from scalar.core.health import Vitals
from scalar.ports.coordination import Lease, Tick

#: A tick may come this part of a period early: beats and queues jitter.
EARLY_PART = 0.25
#: Seconds that a lease lasts unless it is kept up; so long is an app left alone
#: after the death of a worker that was evaluating it.
LEASE_SECONDS = 3.0
#: Seconds that an app's memory is kept without a change.
MEMORY_SECONDS = 7 * 86_400

_NOW = """
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
"""

# The generic cell rate algorithm: over any time, no more ticks than periods.
# A due time further away than two periods is of another clock or setting.
_OPEN_TICK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local period, early = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = tonumber(redis.call('GET', KEYS[1]) or now)
if due - now > 2 * period then due = now end
if now < due - early then return {} end
local previous = redis.call('GET', KEYS[2]) or ''
redis.call('SET', KEYS[1], string.format('%d', math.max(due, now) + period),
           'PX', 3 * period)
redis.call('SET', KEYS[2], string.format('%d', now))
return {string.format('%d', now), previous}
"""

_RESERVE = """
local free = {}
for i, key in ipairs(KEYS) do
  if redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2]) then
    free[#free + 1] = i - 1
  end
end
return free
"""

_BEGIN = """
local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] then return {0} end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {1, redis.call('GET', KEYS[2]) or ''}
"""

_STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""

# An evaluation that lost its lease to another one does not know what that one
# did: it drops the memory, so that the formation is read anew.
_FINISH = (
    _NOW
    + """
local holder = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[6], string.format('%d', now()))
if holder == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[2] == '' then return end
if holder ~= ARGV[1] then
  redis.call('DEL', KEYS[2])
  return
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
redis.call(ARGV[4], KEYS[3], ARGV[5])
if tonumber(ARGV[6]) > 0 then
  redis.call('ZADD', KEYS[4], string.format('%d', now() + ARGV[6]), ARGV[5])
else
  redis.call('ZREM', KEYS[4], ARGV[5])
end
if ARGV[7] == '1' then
  redis.call('ZADD', KEYS[5], 'NX', string.format('%d', now()), ARGV[5])
else
  redis.call('ZREM', KEYS[5], ARGV[5])
end
"""
)

_VITALS = (
    _NOW
    + """
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
return {
  string.format('%d', now()), redis.call('GET', KEYS[1]) or '',
  redis.call('GET', KEYS[2]) or '', redis.call('ZCARD', KEYS[3]), first[2] or '',
}
"""
)

# A time further away than an hour is of another clock.
_RESTING = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now()))
local most = string.format('%d', now() + 3600000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', most)
"""
)


class RedisCoordinator:
    """The `Coordinator` that workers on several dynos share."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._open_tick = client.register_script(_OPEN_TICK)
        self._reserve = client.register_script(_RESERVE)
        self._begin = client.register_script(_BEGIN)
        self._store = client.register_script(_STORE)
        self._finish = client.register_script(_FINISH)
        self._vitals = client.register_script(_VITALS)
        self._resting = client.register_script(_RESTING)
        self._trips = SharedTrips(client.connection_pool)
        self._keeper = LeaseKeeper(client, LEASE_SECONDS)

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now."""
        milliseconds = int(period * 1000)
        keys = [f"{PREFIX}tick:due", f"{PREFIX}tick:last"]
        with translate_errors():
            got: Any = self._open_tick(
                keys=keys, args=[milliseconds, int(milliseconds * EARLY_PART)]
            )
        if not got:
            return None
        return Tick(_moment(got[0]), _moment(got[1]) if got[1] else None)

    def last_tick(self) -> datetime | None:
        """Return when the last fan-out was let through."""
        with translate_errors():
            last: Any = self._redis.get(f"{PREFIX}tick:last")
        return _moment(last) if last else None

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Keep apps for messages under way; return those that were free."""
        if not app_ids:
            return []
        with translate_errors():
            free: Any = self._reserve(
                keys=[_lease_key(app_id) for app_id in app_ids],
                args=[token, int(seconds * 1000)],
            )
        return [app_ids[place] for place in free]

    def slow(self) -> set[int]:
        """Return the apps whose last exchange failed or took long."""
        with translate_errors():
            members: Any = self._redis.smembers(f"{PREFIX}slow")
        return {int(member) for member in members}

    def resting(self) -> set[int]:
        """Return the apps that are not to be polled yet."""
        with translate_errors():
            members: Any = self._resting(keys=[f"{PREFIX}resting"])
        return {int(member) for member in members}

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        ordered = sorted(app_ids)
        if not ordered:
            return set()
        with translate_errors():
            holders: Any = self._redis.mget([_lease_key(i) for i in ordered])
        return {i for i, holder in zip(ordered, holders, strict=True) if holder}

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Start the evaluation that the app was reserved for, if it still is."""
        lease = Lease(app_id, secrets.token_hex(8))
        with translate_errors():
            got: Any = self._trips.run(
                self._begin,
                keys=[_lease_key(app_id), _memory_key(app_id)],
                args=[token, lease.token, int(LEASE_SECONDS * 1000)],
            )
        if not got[0]:
            return None
        self._keeper.keep(_lease_key(app_id), lease.token)
        return lease, memory_json.load(got[1])

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory, if the lease is still ours; return whether it is."""
        with translate_errors():
            stored: Any = self._trips.run(
                self._store,
                keys=[_lease_key(lease.app_id), _memory_key(lease.app_id)],
                args=[lease.token, memory_json.dump(memory), MEMORY_SECONDS],
            )
        return bool(stored)

    def finish(self, lease: Lease, memory: Memory | None) -> None:
        """Give the lease back; store the memory, if it changed."""
        self._keeper.drop(_lease_key(lease.app_id))
        text = "" if memory is None else memory_json.dump(memory)
        mark = "SADD" if memory and memory.slow else "SREM"
        with translate_errors():
            self._trips.run(
                self._finish,
                keys=[
                    _lease_key(lease.app_id),
                    _memory_key(lease.app_id),
                    f"{PREFIX}slow",
                    f"{PREFIX}resting",
                    f"{PREFIX}stuck",
                    f"{PREFIX}evaluated",
                ],
                args=[
                    *(lease.token, text, MEMORY_SECONDS, mark, lease.app_id),
                    int(memory.rest * 1000) if memory else 0,
                    int(memory.stuck) if memory else 0,
                ],
            )

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps, without taking a lease."""
        if not app_ids:
            return {}
        with translate_errors():
            texts: Any = self._redis.mget([_memory_key(i) for i in app_ids])
        return {
            app_id: memory_json.load(text)
            for app_id, text in zip(app_ids, texts, strict=True)
            if text
        }

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        with translate_errors(), self._redis.pipeline() as pipe:
            pipe.delete(_memory_key(app_id))
            pipe.srem(f"{PREFIX}slow", app_id)
            pipe.zrem(f"{PREFIX}resting", app_id)
            pipe.zrem(f"{PREFIX}stuck", app_id)
            pipe.execute()

    def vitals(self) -> Vitals:
        """Return the signs of life, by the clock of the Redis server."""
        names = ("tick:last", "evaluated", "stuck")
        with translate_errors():
            found: Any = self._vitals(keys=[PREFIX + name for name in names])
        at, ticked, evaluated, stuck, since = found
        return Vitals(
            _moment(at),
            ticked_at=_moment(ticked) if ticked else None,
            evaluated_at=_moment(evaluated) if evaluated else None,
            stuck=int(stuck),
            stuck_since=_moment(since) if since else None,
        )

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        with translate_errors():
            first = self._redis.set(
                f"{PREFIX}once:{name}", "1", nx=True, px=int(seconds * 1000)
            )
        return bool(first)


def _lease_key(app_id: int) -> str:
    return f"{PREFIX}lease:{app_id}"


def _memory_key(app_id: int) -> str:
    return f"{PREFIX}app:{app_id}"


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)

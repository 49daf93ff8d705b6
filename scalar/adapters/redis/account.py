"""The calls of each Heroku account, shared by all workers through Redis.

A token bucket with a reserve for people, and a circuit breaker with a half-open
probe, each account at a Redis key of its own:

    scalar:account:NAME; scalar:account for that of HEROKU_API_KEY
                     remaining, at     calls left, and when Heroku said so (ms)
                     blocked, reason   no call before that time (ms), and why
                     strikes           failures in a row
                     probe             until then one call is trying (ms)

After a failure nobody calls for a while, longer each time. Then one call tries,
and only when it succeeds may the others follow: no stampede at recovery.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from scalar.adapters.redis.account_names import AccountNames
from scalar.adapters.redis.connection import PREFIX, translate_errors
from scalar.core.errors import NotAuthorized, PlatformError, RateLimited
from scalar.core.reason import Cause, Reason
from scalar.core.secret import Secret
from scalar.ports.account import Budget
from scalar.ports.platform import Urgency

KEY = f"{PREFIX}account"
#: Calls an hour of a Heroku account, and its refill a minute (Dev Center,
#: "Platform API Reference", rate limits).
POOL = 4_500
REFILL_PER_MINUTE = 75
#: Seconds that one call may try alone.
PROBE_SECONDS = 15
#: First and longest wait after a failure, in seconds.
WAITS: dict[type[PlatformError], tuple[float, float]] = {
    RateLimited: (30, 900),
    NotAuthorized: (60, 300),
}
OTHER_WAITS = (5.0, 60.0)
#: No wait is longer; a longer one was written by another clock.
LONGEST = 1_000

_ASK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local s = redis.call('HMGET', KEYS[1], 'remaining', 'at', 'blocked', 'reason',
                     'strikes', 'probe')
local remaining, at = tonumber(s[1]), tonumber(s[2] or now)
local blocked, probe = tonumber(s[3] or 0), tonumber(s[6] or 0)
if blocked > now and blocked - now < ARGV[5] * 1000 then
  return {s[4], math.ceil((blocked - now) / 1000)}
end
if tonumber(s[5] or 0) > 0 then
  if probe > now and probe - now <= ARGV[4] * 1000 then return {s[4], 0} end
  redis.call('HSET', KEYS[1], 'probe', string.format('%d', now + ARGV[4] * 1000))
end
if not remaining then return {} end
local left = math.min(remaining + (now - at) * ARGV[2] / 60000, ARGV[3])
if left < 1 or left < tonumber(ARGV[1]) then return {'', math.floor(left)} end
return {}
"""

_ANSWERED = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HDEL', KEYS[1], 'blocked', 'reason', 'strikes', 'probe')
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'remaining', ARGV[1], 'at', string.format('%d', now))
end
redis.call('EXPIRE', KEYS[1], 86400)
"""

# Of many calls that fail at the same time, the first is the strike.
_FAILED = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local blocked = tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0)
if blocked > now and blocked - now < ARGV[5] * 1000 then return end
local strikes = redis.call('HINCRBY', KEYS[1], 'strikes', 1)
local wait = math.min(ARGV[2] * 2 ^ math.min(strikes - 1, 10), ARGV[3]) * ARGV[4]
redis.call('HSET', KEYS[1], 'reason', ARGV[1],
           'blocked', string.format('%d', now + wait * 1000))
redis.call('HDEL', KEYS[1], 'probe')
redis.call('EXPIRE', KEYS[1], 86400)
"""


class RedisAccounts:
    """The `Accounts` that workers on several dynos share."""

    def __init__(self, client: redis.Redis, reserve: int, names: AccountNames) -> None:
        self._redis = client
        self._names = names
        self._needed = {
            Urgency.SCALE_UP: 1,
            Urgency.SCALE_DOWN: reserve // 2,
            Urgency.READ: reserve,
        }
        self._ask = client.register_script(_ASK)
        self._answered = client.register_script(_ANSWERED)
        self._failed = client.register_script(_FAILED)

    def of(self, key: Secret) -> RedisAccount:
        """Return the account that a key belongs to."""
        name = self._names.of(key)
        return RedisAccount(self, f"{KEY}:{name}" if name else KEY)

    def ask(self, place: str, urgency: Urgency) -> Cause | None:
        """Return None if the account at a Redis key has a call for this."""
        needed = self._needed[urgency]
        with translate_errors():
            got: Any = self._ask(
                keys=[place],
                args=[needed, REFILL_PER_MINUTE, POOL, PROBE_SECONDS, LONGEST],
            )
        if not got:
            return None
        reason, number = got
        if not reason:
            return Cause(
                Reason.CALLS_LOW,
                f"{number} calls left, {urgency} needs {max(needed, 1)}",
            )
        when = f"next try in {number} s" if number else "one call is trying"
        return Cause(Reason(reason), f"Heroku calls wait: {when}")

    def answered(self, place: str, remaining: int | None) -> None:
        """Record an answer to the account at a Redis key."""
        with translate_errors():
            self._answered(keys=[place], args=["" if remaining is None else remaining])

    def failed(self, place: str, error: PlatformError) -> None:
        """Record a failure of the account at a Redis key."""
        first, longest = WAITS.get(type(error), OTHER_WAITS)
        if isinstance(error, RateLimited) and error.retry_after:
            first = min(error.retry_after, longest)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - to spread, not to hide
        with translate_errors():
            self._failed(
                keys=[place],
                args=[error.reason.value, first, longest, jitter, LONGEST],
            )

    def budget(self, place: str) -> Budget:
        """Return what is known of the account at a Redis key."""
        with translate_errors():
            state: Any = self._redis.hgetall(place)
        blocked = state.get("blocked")
        return Budget(
            int(state["remaining"]) if "remaining" in state else None,
            datetime.fromtimestamp(int(blocked) / 1000, UTC) if blocked else None,
            state.get("reason", ""),
        )


@dataclass(frozen=True, slots=True)
class RedisAccount:
    """One `Account`, at its Redis key."""

    accounts: RedisAccounts
    place: str

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        return self.accounts.ask(self.place, urgency)

    def answered(self, remaining: int | None) -> None:
        """Record that Heroku answered, with the calls it said remain."""
        self.accounts.answered(self.place, remaining)

    def failed(self, error: PlatformError) -> None:
        """Record a failure that concerns the whole account."""
        self.accounts.failed(self.place, error)

    def budget(self) -> Budget:
        """Return what is known, without changing it."""
        return self.accounts.budget(self.place)

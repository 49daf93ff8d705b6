"""Meter the calls of each Heroku account; the state is shared through Redis.

A token bucket, with a reserve for people, and a circuit breaker with a half-open
probe. Each account has one Redis key:

    scalar:account:NAME; scalar:account for the account of HEROKU_API_KEY
                     remaining, at     calls left, and when Heroku reported it (ms)
                     blocked, reason   calls are denied until then (ms), and why
                     words             Heroku's words for it, or the network's
                     strikes           failures in a row
                     probe             a probe call is under way until then (ms)

A failure opens the circuit: all calls are denied, each time for longer (exponential
backoff with jitter). Then it is half-open: one probe call is let through, and the
others follow only if it succeeds. So recovery causes no stampede.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import redis

from scalar.adapters.redis.account_names import AccountNames
from scalar.adapters.redis.connection import PREFIX, moment, translate_errors
from scalar.core.errors import NotAuthorized, PlatformError, RateLimited
from scalar.core.reason import Cause, Reason
from scalar.core.secret import Secret
from scalar.core.whole_number import whole_number
from scalar.ports.account import Budget
from scalar.ports.platform import Urgency

#: The Redis key of the shared account.
REDIS_KEY = f"{PREFIX}account"
#: The token bucket of a Heroku account: its capacity, and its refill per minute (Dev
#: Center, "Platform API Reference", rate limits).
BUCKET_SIZE = 4_500
REFILL_PER_MINUTE = 75
#: Seconds before another probe may start.
PROBE_SECONDS = 15
#: First and longest wait after a failure, in seconds.
WAITS: dict[type[PlatformError], tuple[float, float]] = {
    RateLimited: (30, 900),
    NotAuthorized: (60, 300),
}
OTHER_WAITS = (5.0, 60.0)
#: Characters that are kept of an error's words.
MOST_WORDS = 500
#: A longer wait comes from another clock, and is ignored.
MAX_WAIT = 1_000

_ASK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local s = redis.call('HMGET', KEYS[1], 'remaining', 'at', 'blocked', 'reason',
                     'strikes', 'probe', 'words')
local remaining, at = tonumber(s[1]), tonumber(s[2] or now)
local blocked, probe = tonumber(s[3] or 0), tonumber(s[6] or 0)
if blocked > now and blocked - now < ARGV[5] * 1000 then
  return {s[4], math.ceil((blocked - now) / 1000), s[7] or ''}
end
if tonumber(s[5] or 0) > 0 then
  if probe > now and probe - now <= ARGV[4] * 1000 then return {s[4], 0, s[7] or ''} end
  redis.call('HSET', KEYS[1], 'probe', string.format('%d', now + ARGV[4] * 1000))
end
if not remaining then return {} end
local left = math.min(remaining + (now - at) * ARGV[2] / 60000, ARGV[3])
if left < 1 or left < tonumber(ARGV[1]) then return {'', math.floor(left), ''} end
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

# Of several calls that fail at the same time, only the first counts as a strike.
_FAILED = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local blocked = tonumber(redis.call('HGET', KEYS[1], 'blocked') or 0)
if blocked > now and blocked - now < ARGV[5] * 1000 then return end
local strikes = redis.call('HINCRBY', KEYS[1], 'strikes', 1)
local wait = math.min(ARGV[2] * 2 ^ math.min(strikes - 1, 10), ARGV[3]) * ARGV[4]
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'words', ARGV[6],
           'blocked', string.format('%d', now + wait * 1000))
redis.call('HDEL', KEYS[1], 'probe')
redis.call('EXPIRE', KEYS[1], 86400)
"""


class RedisAccounts:
    """The `Accounts`, shared by workers on all dynos."""

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

    def of(self, heroku_key: Secret) -> RedisAccount:
        """Return the account that a Heroku key belongs to."""
        name = self._names.of(heroku_key)
        return RedisAccount(self, f"{REDIS_KEY}:{name}" if name else REDIS_KEY)

    def ask(self, redis_key: str, urgency: Urgency) -> Cause | None:
        """Return None if the account has a call for this urgency, else the cause."""
        needed = self._needed[urgency]
        with translate_errors():
            denial: Any = self._ask(
                keys=[redis_key],
                args=[needed, REFILL_PER_MINUTE, BUCKET_SIZE, PROBE_SECONDS, MAX_WAIT],
            )
        if not denial:
            return None
        reason, number, words = denial
        if not reason:
            return Cause(
                Reason.CALLS_LOW,
                f"{number} calls left, {urgency} needs {max(needed, 1)}",
            )
        when = f"next try in {number} s" if number else "a probe call is under way"
        return Cause(Reason(reason), f"{words or 'Heroku calls are paused'}; {when}")

    def answered(self, redis_key: str, remaining: int | None) -> None:
        """Record an answer, which closes the circuit."""
        with translate_errors():
            self._answered(
                keys=[redis_key], args=["" if remaining is None else remaining]
            )

    def failed(self, redis_key: str, error: PlatformError) -> None:
        """Record a failure, which opens the circuit."""
        first, longest = WAITS.get(type(error), OTHER_WAITS)
        if isinstance(error, RateLimited) and error.retry_after:
            first = min(error.retry_after, longest)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
        with translate_errors():
            self._failed(
                keys=[redis_key],
                args=[
                    *(error.reason.value, first, longest, jitter, MAX_WAIT),
                    str(error)[:MOST_WORDS],
                ],
            )

    def budget(self, redis_key: str) -> Budget:
        """Return the calls left and the block of an account."""
        with translate_errors():
            state: Any = self._redis.hgetall(redis_key)
        blocked = state.get("blocked")
        return Budget(
            whole_number(state.get("remaining")),
            moment(blocked) if blocked else None,
            state.get("reason", ""),
            state.get("words", ""),
        )


@dataclass(frozen=True, slots=True)
class RedisAccount:
    """One `Account`, stored at its Redis key."""

    accounts: RedisAccounts
    redis_key: str

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise the cause for denying it."""
        return self.accounts.ask(self.redis_key, urgency)

    def answered(self, remaining: int | None) -> None:
        """Record an answer, with the calls left according to Heroku."""
        self.accounts.answered(self.redis_key, remaining)

    def failed(self, error: PlatformError) -> None:
        """Record a failure that affects the whole account."""
        self.accounts.failed(self.redis_key, error)

    def budget(self) -> Budget:
        """Return the calls left and the block, without changing them."""
        return self.accounts.budget(self.redis_key)

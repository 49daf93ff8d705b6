"""The calls of each Heroku account, as the scripts of `adapters/redis/account.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scalar.adapters.redis.account import (
    BUCKET_SIZE,
    MAX_WAIT,
    OTHER_WAITS,
    PROBE_SECONDS,
    REFILL_PER_MINUTE,
    WAITS,
)
from scalar.core.errors import PlatformError, RateLimited
from scalar.core.reason import Cause, Reason
from scalar.ports.account import Budget
from scalar.ports.platform import Urgency

State = dict[str, float | str]


@dataclass
class AccountTwin:
    """The token bucket and circuit breaker of one account.

    Attributes:
        state: Returns its hash in Redis.
        now: Returns Redis' time, in seconds.
        reserve: Calls that are kept for people.
    """

    state: Callable[[], State]
    now: Callable[[], float]
    reserve: int

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        state, now = self.state(), self.now()
        blocked = float(state.get("blocked", 0))
        if now < blocked < now + MAX_WAIT:
            return _waits(state, f"next try in {blocked - now:.0f} s")
        if state.get("strikes", 0):
            if now < float(state.get("probe", 0)) <= now + PROBE_SECONDS:
                return _waits(state, "one call is trying")
            state["probe"] = now + PROBE_SECONDS
        if "remaining" not in state:
            return None
        passed = now - float(state["at"])
        left = float(state["remaining"]) + passed * REFILL_PER_MINUTE / 60
        needed = {
            Urgency.SCALE_UP: 1,
            Urgency.SCALE_DOWN: self.reserve // 2,
            Urgency.READ: self.reserve,
        }[urgency]
        if min(left, BUCKET_SIZE) < max(needed, 1):
            return Cause(Reason.CALLS_LOW, f"{left:.0f} calls left, {urgency}")
        return None

    def answered(self, remaining: int | None) -> None:
        """Record that Heroku answered, with the calls it said remain."""
        state = self.state()
        for name in ("blocked", "reason", "strikes", "probe"):
            state.pop(name, None)
        if remaining is not None:
            state["remaining"], state["at"] = float(remaining), self.now()

    def failed(self, error: PlatformError) -> None:
        """Record a failure that concerns the whole account."""
        state, now = self.state(), self.now()
        if now < float(state.get("blocked", 0)) < now + MAX_WAIT:
            return
        first, longest = WAITS.get(type(error), OTHER_WAITS)
        if isinstance(error, RateLimited) and error.retry_after:
            first = min(error.retry_after, longest)
        strikes = float(state.get("strikes", 0)) + 1
        state["strikes"] = strikes
        wait = min(first * 2 ** min(strikes - 1, 10), longest)
        state["reason"], state["blocked"] = error.reason.value, now + wait
        state.pop("probe", None)

    def budget(self) -> Budget:
        """Return what is known, without changing it."""
        remaining = self.state().get("remaining")
        return Budget(None if remaining is None else int(float(remaining)))


def _waits(state: State, when: str) -> Cause:
    return Cause(Reason(str(state["reason"])), f"Heroku calls wait: {when}")

"""Slow changes down: stabilize, limit the step, cool down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from scalar.core.decision.bounds import stay_within_bounds
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.spans import left_of, shown_span
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reason import Reason
from scalar.core.recommendation_window import Slice, recent


def stabilize(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Take the recommendation of the window that changes the least.

    For scaling up that is the lowest, for scaling down the highest. Where
    nothing is remembered, the current quantity counts as a first one, so that
    a restart by itself changes nothing.
    """
    past = seen.past
    if quantity > seen.quantity:
        window = policy.stabilization_up
        lows, known = _recent(past.recommended_up, window, seen)
        return Step(
            max(min([quantity, *(s.lowest for s in lows)]), seen.quantity),
            Reason.SCALE_UP_STABILIZED,
            f"lowest of the last {window.total_seconds():g} s{known}",
        )
    window = policy.stabilization_down
    highs, known = _recent(past.recommended_down, window, seen)
    return Step(
        min(max([quantity, *(s.highest for s in highs)]), seen.quantity),
        Reason.SCALE_DOWN_STABILIZED,
        f"highest of the last {window.total_seconds():g} s{known}",
    )


def _recent(
    slices: Sequence[Slice], window: timedelta, seen: Observation
) -> tuple[Sequence[Slice], str]:
    """Return the recommendations that count, and what to say of them."""
    if window <= NONE:
        return (), ""
    found = recent(slices, window, seen.at, interrupted=seen.past.interrupted)
    if found:
        return found, ""
    now = Slice(seen.at, seen.at, seen.quantity, seen.quantity)
    return (now,), ", of which nothing is known yet"


def limit_step(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Add and remove no more than so many dynos at once."""
    if policy.max_step_up is not None and quantity > seen.quantity:
        most = seen.quantity + policy.max_step_up
        return Step(
            min(quantity, most),
            Reason.SCALE_UP_LIMITED,
            f"at most {policy.max_step_up} more at once",
        )
    if policy.max_step_down is not None and quantity < seen.quantity:
        fewest = seen.quantity - policy.max_step_down
        return Step(
            max(quantity, fewest),
            Reason.SCALE_DOWN_LIMITED,
            f"at most {policy.max_step_down} fewer at once",
        )
    return Step(quantity, Reason.RECOMMENDED)


def cool_down(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Wait for a time after a change, but not outside the fewest and the most."""
    past = seen.past
    if quantity > seen.quantity:
        left = left_of(policy.cooldown_up, seen.at, past.scaled_up_at)
        if left > NONE:
            return Step(
                stay_within_bounds(policy, seen, quantity),
                Reason.COOLDOWN_UP,
                f"{shown_span(left)} left after the last scale up",
            )
    elif quantity < seen.quantity:
        changes = (past.scaled_up_at, past.scaled_down_at, seen.since)
        left = max(left_of(policy.cooldown_down, seen.at, at) for at in changes)
        if left > NONE:
            ours = (past.scaled_up_at, past.scaled_down_at) != (None, None)
            after = "the last change" if ours else "nothing was remembered"
            return Step(
                stay_within_bounds(policy, seen, quantity),
                Reason.COOLDOWN_DOWN,
                f"{shown_span(left)} left after {after}",
            )
    return Step(quantity, Reason.RECOMMENDED)

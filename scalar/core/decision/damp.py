"""Slow changes down: stabilize, limit the step, cool down.

Each adds hysteresis: the quantity depends on what it was before, so that a count
around a boundary does not make the dynos flap.
"""

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


def stabilize(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Take the recommendation of the window that changes the least.

    That is the lowest of the window to scale up and the highest to scale down
    (Kubernetes HPA, "stabilization window"). With no history, the current
    quantity counts as the first recommendation, so that a restart on its own
    changes nothing.
    """
    past = observed.past
    if quantity > observed.quantity:
        window = policy.stabilization_up
        lows, known = _recent(past.recommended_up, window, observed)
        return Step(
            max(min([quantity, *(s.lowest for s in lows)]), observed.quantity),
            Reason.SCALE_UP_STABILIZED,
            f"lowest of the last {window.total_seconds():g} s{known}",
        )
    window = policy.stabilization_down
    highs, known = _recent(past.recommended_down, window, observed)
    return Step(
        min(max([quantity, *(s.highest for s in highs)]), observed.quantity),
        Reason.SCALE_DOWN_STABILIZED,
        f"highest of the last {window.total_seconds():g} s{known}",
    )


def _recent(
    slices: Sequence[Slice], window: timedelta, observed: Observation
) -> tuple[Sequence[Slice], str]:
    """Return the recommendations that count, and a remark on them."""
    if window <= NONE:
        return (), ""
    found = recent(slices, window, observed.at, interrupted=observed.past.interrupted)
    if found:
        return found, ""
    now = Slice(observed.at, observed.at, observed.quantity, observed.quantity)
    return (now,), ", with no history yet"


def limit_step(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Add or remove at most as many dynos at once as the policy allows."""
    if policy.max_step_up is not None and quantity > observed.quantity:
        most = observed.quantity + policy.max_step_up
        return Step(
            min(quantity, most),
            Reason.SCALE_UP_LIMITED,
            f"at most {policy.max_step_up} more at once",
        )
    if policy.max_step_down is not None and quantity < observed.quantity:
        fewest = observed.quantity - policy.max_step_down
        return Step(
            max(quantity, fewest),
            Reason.SCALE_DOWN_LIMITED,
            f"at most {policy.max_step_down} fewer at once",
        )
    return Step(quantity, Reason.RECOMMENDED)


def cool_down(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Wait after a change, unless the quantity is outside the policy's range."""
    past = observed.past
    if quantity > observed.quantity:
        left = left_of(policy.cooldown_up, observed.at, past.scaled_up_at)
        if left > NONE:
            return Step(
                stay_within_bounds(policy, observed, quantity),
                Reason.COOLDOWN_UP,
                f"{shown_span(left)} left after the last scale up",
            )
    elif quantity < observed.quantity:
        changes = (past.scaled_up_at, past.scaled_down_at, observed.since)
        left = max(left_of(policy.cooldown_down, observed.at, at) for at in changes)
        if left > NONE:
            ours = (past.scaled_up_at, past.scaled_down_at) != (None, None)
            after = "the last change" if ours else "nothing was remembered"
            return Step(
                stay_within_bounds(policy, observed, quantity),
                Reason.COOLDOWN_DOWN,
                f"{shown_span(left)} left after {after}",
            )
    return Step(quantity, Reason.RECOMMENDED)

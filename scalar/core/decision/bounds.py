"""Keep a quantity within its limits: the policy's and the platform's."""

from __future__ import annotations

from datetime import datetime

from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.platform_rules import PlatformRules
from scalar.core.policy.policy import Policy
from scalar.core.policy.schedule import Window
from scalar.core.reason import Reason


def clamp(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Stay within the fewest and the most dynos, by the schedule if it has some."""
    fewest, most, window = bounds(policy, seen.at)
    if quantity < fewest:
        by = _by(window) if window and window.min_dynos is not None else ""
        return Step(fewest, Reason.TOO_FEW_DYNOS, f"at least {fewest}{by}")
    if most is not None and quantity > most:
        by = _by(window) if window and window.max_dynos is not None else ""
        return Step(most, Reason.TOO_MANY_DYNOS, f"at most {most}{by}")
    return Step(quantity, Reason.RECOMMENDED)


def _by(window: Window) -> str:
    return f", by the window {window.text}"


def bounds(policy: Policy, at: datetime) -> tuple[int, int | None, Window | None]:
    """Return the fewest and the most dynos at a time, and the window of that time."""
    fewest, most = policy.min_dynos, policy.max_dynos
    window = policy.schedule.window_at(at) if policy.schedule else None
    if window is not None and window.min_dynos is not None:
        fewest = window.min_dynos
    if window is not None and window.max_dynos is not None:
        most = window.max_dynos
    return fewest, most, window


def keep_last_dyno(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Keep the last dyno of a process type that may not sleep.

    A process type that somebody switched off stays off: this stage never
    starts one.
    """
    floor = 0 if policy.may_sleep else min(seen.quantity, 1)
    return Step(
        max(quantity, floor), Reason.WEB_KEPT, "the app would not answer without it"
    )


def keep_to_limit(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Stay within what the platform allows, but never scale down because of it."""
    del policy
    return within_limit(seen.rules, quantity, seen.quantity, seen.limit)


def within_limit(
    rules: PlatformRules, quantity: int, current: int, limit: int | None
) -> Step:
    """Return a quantity within the limit, though never below the current one.

    Args:
        rules: What the platform does by nature.
        quantity: Dynos that are asked for.
        current: Dynos now.
        limit: Most dynos that the platform allows; None if that is unknown.
    """
    most = rules.most_dynos if limit is None else min(limit, rules.most_dynos)
    return Step(
        min(quantity, max(most, current)),
        Reason.HEROKU_LIMIT,
        f"{rules.name} allows {most}"
        if most == limit
        else f"more than {most} are never asked for",
    )


def stay_within_bounds(policy: Policy, seen: Observation, quantity: int) -> int:
    """Return the quantity nearest to the current one that the bounds allow.

    It lies between the current and the desired quantity.
    """
    fewest, most, _ = bounds(policy, seen.at)
    if quantity > seen.quantity:
        return min(max(seen.quantity, fewest), quantity)
    return max(seen.quantity if most is None else min(seen.quantity, most), quantity)

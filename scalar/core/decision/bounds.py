"""Keep a quantity within bounds: the policy's and the platform's."""

from __future__ import annotations

from datetime import datetime

from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.platform_rules import PlatformRules
from scalar.core.policy.policy import Policy
from scalar.core.policy.schedule import Window
from scalar.core.reason import Reason


def clamp(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Clamp the quantity to the policy's range, or to that of an open window."""
    fewest, most, window = bounds(policy, observed.at)
    if quantity < fewest:
        by = _by(window) if window and window.min_dynos is not None else ""
        why = f"at least {fewest}{by}{_noted(policy)}"
        return Step(fewest, Reason.TOO_FEW_DYNOS, why)
    if most is not None and quantity > most:
        by = _by(window) if window and window.max_dynos is not None else ""
        why = f"at most {most}{by}{_noted(policy)}"
        return Step(most, Reason.TOO_MANY_DYNOS, why)
    return Step(quantity, Reason.RECOMMENDED)


def _by(window: Window) -> str:
    return f", by the window {window.text}"


def _noted(policy: Policy) -> str:
    """Return what else was set, where values that contradict each other were."""
    return "".join(f"; {note}" for note in policy.notes)


def bounds(policy: Policy, at: datetime) -> tuple[int, int | None, Window | None]:
    """Return the fewest and the most dynos at a time, and the window then open."""
    fewest, most = policy.min_dynos, policy.max_dynos
    window = policy.schedule.window_at(at) if policy.schedule else None
    if window is not None and window.min_dynos is not None:
        fewest = window.min_dynos
    if window is not None and window.max_dynos is not None:
        most = window.max_dynos
    return fewest, most, window


def keep_last_dyno(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Keep the last dyno of a process type that may not sleep.

    It never starts one: a process type that a person switched off stays off.
    """
    stays = observed.keeps_one and not policy.may_sleep
    floor = min(observed.quantity, 1) if stays else 0
    return Step(
        max(quantity, floor), Reason.WEB_KEPT, "the app would not answer without it"
    )


def keep_to_limit(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Stay within the platform's limit, without scaling down because of it."""
    del policy
    return within_limit(observed.rules, quantity, observed.quantity, observed.limit)


def within_limit(
    rules: PlatformRules, quantity: int, current: int, limit: int | None
) -> Step:
    """Return a quantity within the limit, though never below the current one.

    Args:
        rules: What the platform does by nature.
        quantity: Dynos wanted.
        current: Dynos now.
        limit: Most dynos that the platform allows; None if that is unknown.
    """
    most = rules.most_dynos if limit is None else min(limit, rules.most_dynos)
    return Step(
        min(quantity, max(most, current)),
        Reason.HEROKU_LIMIT,
        f"{rules.name} allows {most}"
        if most == limit
        else f"more than {most} are never requested",
    )


def stay_within_bounds(policy: Policy, observed: Observation, quantity: int) -> int:
    """Return the current quantity, moved as far as the policy's range requires.

    For stages that hold a change back: `min` and `max` apply all the same. The
    result lies between the current and the given quantity.
    """
    fewest, most, _ = bounds(policy, observed.at)
    if quantity > observed.quantity:
        return min(max(observed.quantity, fewest), quantity)
    return max(
        observed.quantity if most is None else min(observed.quantity, most), quantity
    )

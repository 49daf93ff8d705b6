"""Protect running jobs, manual changes, pauses and fresh releases."""

from __future__ import annotations

from scalar.core.decision.bounds import stay_within_bounds
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.spans import left_of, shown_span
from scalar.core.platform_rules import Removal
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Unknown
from scalar.core.reason import Reason

#: The year of a pause without an end.
_FOR_EVER = 9999


def keep_while_busy(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Remove nothing while the count is above 0, if the policy says so."""
    busy = policy.down_when_empty and seen.count > 0
    return Step(
        max(quantity, seen.quantity) if busy else quantity,
        Reason.JOBS_LEFT,
        f"count {seen.count}; dynos are removed at 0 only",
    )


def keep_busy_dynos(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Keep every dyno that runs a job, and those that would go before it.

    Which ones that are depends on the order in which the platform removes dynos.
    Running jobs come before the policy's `max`, which holds as soon as they end.
    """
    if seen.busy is None or quantity >= seen.quantity or _waited(policy, seen):
        return Step(quantity, Reason.BUSY_DYNOS)
    if isinstance(seen.busy, Unknown):
        why = f"which dynos are busy is not known: {seen.busy.detail}"
        return Step(seen.quantity, Reason.BUSY_UNKNOWN, why)
    needed, why = _needed_by_jobs(seen, seen.busy)
    return Step(max(quantity, needed), Reason.BUSY_DYNOS, why)


def _needed_by_jobs(seen: Observation, busy: frozenset[int]) -> tuple[int, str]:
    """Return the fewest dynos with which no busy one is removed, and why."""
    match seen.rules.removal:
        case Removal.HIGHEST_NUMBER:
            # A dyno above the quantity is stopping already and holds none back.
            highest = max((n for n in busy if n <= seen.quantity), default=0)
            return highest, (
                f"dyno {highest} runs a job; the highest numbers are removed first"
            )
        case Removal.CHOSEN:
            return min(len(busy), seen.quantity), f"busy dynos: {len(busy)}"
        case Removal.UNKNOWN:
            return seen.quantity if busy else 0, (
                f"busy dynos: {len(busy)}; {seen.rules.name} may remove any of them"
            )


def _waited(policy: Policy, seen: Observation) -> bool:
    """Return whether busy dynos have held others back for long enough."""
    since, limit = seen.past.busy_since, policy.busy_limit
    return limit > NONE and since is not None and seen.at - since >= limit


def respect_person(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Leave a quantity alone that a person has set, for a time."""
    left = left_of(policy.manual_lease, seen.at, seen.past.changed_by_hand_at)
    return Step(
        seen.quantity if left > NONE else quantity,
        Reason.MANUAL_LEASE,
        f"changed by hand; {shown_span(left)} left",
    )


def pause(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Change nothing in a direction that a person has paused."""
    up = quantity > seen.quantity
    end = policy.pause_up if up else policy.pause_down
    paused = end is not None and seen.at < end
    until = (
        ""
        if end is None or end.year >= _FOR_EVER
        else f" until {end:%Y-%m-%d %H:%M} UTC"
    )
    return Step(
        seen.quantity if paused else quantity,
        Reason.PAUSED,
        f"scaling {'up' if up else 'down'} is paused{until}",
    )


def wait_after_release(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Remove nothing for a time after a release, when queues only look empty."""
    if quantity >= seen.quantity or not waits_after_releases(policy, seen):
        return Step(quantity, Reason.RECOMMENDED)
    stay = stay_within_bounds(policy, seen, quantity)
    if seen.released_at is None:
        return Step(
            stay, Reason.RELEASED_RECENTLY, "when the app was released is not known yet"
        )
    left = left_of(policy.release_grace, seen.at, seen.released_at)
    return Step(
        stay if left > NONE else quantity,
        Reason.RELEASED_RECENTLY,
        f"{shown_span(left)} left after the last release",
    )


def waits_after_releases(policy: Policy, seen: Observation) -> bool:
    """Return whether releases matter: asked for, and reported by the platform."""
    return policy.release_grace > NONE and seen.rules.tells_releases

"""Protect running jobs, manual changes, pauses and recent releases."""

from __future__ import annotations

from datetime import datetime, timedelta

from scalar.core.app_state import Past, Stopped
from scalar.core.decision.bounds import stay_within_bounds
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.spans import left_of, shown_span
from scalar.core.platform_rules import Removal
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import DynoId, Unknown
from scalar.core.reason import Reason

#: The year in which a pause without an end is over.
_FOR_EVER = 9999


def keep_until_empty(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Keep all dynos while the count is above 0, if `down_when_empty` is set."""
    busy = policy.down_when_empty and observed.count > 0
    return Step(
        max(quantity, observed.quantity) if busy else quantity,
        Reason.JOBS_LEFT,
        f"count {observed.count}; dynos are only removed at 0",
    )


def keep_busy_dynos(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Keep every dyno that runs a job, and those that would go before it.

    Which ones those are depends on the order in which the platform removes dynos.
    A running job is worth more than the policy's `max`, which applies once the job
    has ended.
    """
    if (
        observed.busy is None
        or quantity >= observed.quantity
        or _waited(policy, observed)
    ):
        return Step(quantity, Reason.BUSY_DYNOS)
    if isinstance(observed.busy, Unknown):
        why = f"unknown which dynos are busy: {observed.busy.detail}"
        return Step(observed.quantity, Reason.BUSY_UNKNOWN, why)
    needed, why = _needed_by_jobs(observed, observed.busy)
    return Step(max(quantity, needed), Reason.BUSY_DYNOS, why)


def _needed_by_jobs(observed: Observation, busy: frozenset[DynoId]) -> tuple[int, str]:
    """Return the fewest dynos with which no busy one is removed, and why."""
    numbers = {dyno for dyno in busy if isinstance(dyno, int)}
    match observed.rules.removal:
        # A busy dyno without a number may stand anywhere in the order.
        case Removal.HIGHEST_NUMBER if len(numbers) == len(busy):
            # A dyno above the quantity is stopping already and holds none back.
            highest = max((n for n in numbers if n <= observed.quantity), default=0)
            return highest, (
                f"dyno {highest} runs a job; the highest numbers are removed first"
            )
        case Removal.CHOSEN:
            return min(len(busy), observed.quantity), f"busy dynos: {len(busy)}"
        case _:
            return observed.quantity if busy else 0, (
                f"busy dynos: {len(busy)}; {observed.rules.name} may remove any of them"
            )


def notes_on_removal(observed: Observation) -> tuple[str, ...]:
    """Return what a person should know where no order of removal is promised."""
    if observed.rules.removal is not Removal.UNKNOWN:
        return ()
    but = (
        "the app does not report busy dynos, so a job may be stopped"
        if observed.busy is None
        else "none is removed while one of them runs a job"
    )
    return (f"{observed.rules.name} may remove any dyno; {but}",)


def _waited(policy: Policy, observed: Observation) -> bool:
    """Return whether busy dynos have held others back for `busy_limit`."""
    since, limit = observed.past.busy_since, policy.busy_limit
    return limit > NONE and since is not None and observed.at - since >= limit


def respect_manual_change(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Leave a manual change alone for the time of `manual_lease`."""
    left = left_of_lease(policy, observed.past, observed.at)
    return Step(
        observed.quantity if left > NONE else quantity,
        Reason.MANUAL_LEASE,
        f"changed by hand; {shown_span(left)} left",
    )


def left_of_lease(policy: Policy, past: Past, at: datetime) -> timedelta:
    """Return for how long a manual change is still left alone."""
    noticed, ended = past.changed_by_hand_at, policy.lease_ended
    if noticed is None or (ended is not None and noticed <= ended):
        return NONE
    return left_of(policy.manual_lease, at, noticed)


def stay_off(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Leave what a person has set to 0 at 0, if `manual_off` is set."""
    off = observed.quantity == 0 and is_off(policy, observed.past)
    return Step(
        0 if off else quantity,
        Reason.MANUAL_OFF,
        "set to 0 by hand; off until somebody raises it",
    )


def is_off(policy: Policy, past: Past) -> bool:
    """Return whether a process type without dynos was switched off by a person."""
    return policy.manual_off and past.stopped is Stopped.BY_HAND


def pause(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Change nothing in a direction that is paused."""
    up = quantity > observed.quantity
    end = policy.pause_up if up else policy.pause_down
    paused = end is not None and observed.at < end
    until = (
        ""
        if end is None or end.year >= _FOR_EVER
        else f" until {end:%Y-%m-%d %H:%M} UTC"
    )
    own = f"scaling {'up' if up else 'down'} is paused{until}"
    return Step(
        observed.quantity if paused else quantity,
        Reason.PAUSED,
        policy.why_paused[0 if up else 1] or own,
    )


def wait_until_settled(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Remove nothing until the count has been known for a while after an outage.

    An agent or a broker that is just back may not see the jobs yet.
    """
    left = left_of(policy.settle_time, observed.at, observed.past.known_since)
    stays = quantity < observed.quantity and left > NONE
    return Step(
        stay_within_bounds(policy, observed, quantity) if stays else quantity,
        Reason.COUNT_JUST_KNOWN,
        f"the count was unknown until a moment ago; {shown_span(left)} left",
    )


def wait_after_release(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Remove nothing for a while after a release: queues may only look empty."""
    if quantity >= observed.quantity or not waits_after_releases(policy, observed):
        return Step(quantity, Reason.RECOMMENDED)
    stay = stay_within_bounds(policy, observed, quantity)
    if observed.released_at is None:
        return Step(
            stay,
            Reason.RELEASED_RECENTLY,
            "the time of the last release is not known yet",
        )
    left = left_of(policy.release_grace, observed.at, observed.released_at)
    return Step(
        stay if left > NONE else quantity,
        Reason.RELEASED_RECENTLY,
        f"{shown_span(left)} left after the last release",
    )


def waits_after_releases(policy: Policy, observed: Observation) -> bool:
    """Return whether the policy waits after releases that the platform reports."""
    return policy.release_grace > NONE and observed.rules.tells_releases

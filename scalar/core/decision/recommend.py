"""Recommend a quantity: by latency, by drain time, or by boundary."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from scalar.core.decision.boundary import recommend_by_boundary
from scalar.core.decision.decision import Step
from scalar.core.decision.observation import Observation
from scalar.core.drain_time import ENOUGH_FALLS, dynos_to_drain
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Count
from scalar.core.reason import Reason


def recommend(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Return the dynos for the count, whatever the stages before it said.

    The strategy is the latency, else the drain time, else the boundary.
    """
    del quantity
    return _recommend(policy, observed, observed.count)


def _recommend(policy: Policy, observed: Observation, count: Count) -> Step:
    """Return the dynos for a count.

    While the rate is unknown, the boundary stands in for it, but removes no dyno
    from a backlog: the learned rate may have been lost a moment ago.
    """
    if policy.latency_up is not None:
        return _by_latency(policy, policy.latency_up, observed, count)
    by_boundary = recommend_by_boundary(count, policy.boundary)
    detail = f"count {count} / boundary {policy.boundary}"
    if policy.drain_time is None:
        return Step(by_boundary, Reason.RECOMMENDED, detail)
    drained = observed.past.drained
    learned = drained.jobs_per_second if drained else None
    rate = policy.jobs_per_second or learned
    if rate is None:
        falls = drained.falls if drained else 0
        return Step(
            max(by_boundary, observed.quantity) if count > 0 else by_boundary,
            Reason.NOT_ENOUGH_HISTORY,
            f"{detail}, but no fewer than now while the count is above 0; the rate "
            f"is known after {ENOUGH_FALLS} falls of the count, {falls} seen",
        )
    seconds = policy.drain_time.total_seconds()
    return Step(
        dynos_to_drain(count, seconds, rate),
        Reason.DRAIN_TIME,
        f"count {count} within {seconds:g} s, {rate:.3g} jobs per dyno and second",
    )


def _by_latency(
    policy: Policy, up: timedelta, observed: Observation, count: Count
) -> Step:
    """Add dynos above one latency and remove one below another.

    Two thresholds give hysteresis, as in HireFire and Judoscale. The first job
    wakes a dyno however short it has waited; a dyno goes only if it was one too
    many for a whole window (`stabilize`); without jobs none is needed.
    """
    now, latency = observed.quantity, observed.latency
    if count == 0 and not observed.is_latency:
        return Step(0, Reason.LATENCY, "count 0")
    if now == 0 or latency is None:
        return Step(max(now, int(count > 0)), Reason.LATENCY, "the first job waits")
    most, least = up.total_seconds(), policy.latency_down
    if latency > most:
        why = f"latency {latency:g} s, above {most:g} s: {policy.latency_step} more"
        return Step(now + policy.latency_step, Reason.LATENCY, why)
    if least is not None and latency < least.total_seconds():
        why = f"latency {latency:g} s, below {least.total_seconds():g} s: one fewer"
        return Step(max(now - 1, 1), Reason.LATENCY, why)
    return Step(now, Reason.LATENCY, f"latency {latency:g} s")


def tolerate(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Leave the dynos alone while the count is near what they can carry."""
    count, carried = observed.count, observed.quantity * policy.boundary
    own = policy.tolerance_up if count > carried else policy.tolerance_down
    tolerance = policy.tolerance if own is None else own
    if not tolerance:
        return Step(quantity, Reason.WITHIN_TOLERANCE)
    by_boundary = policy.drain_time is None and policy.latency_up is None
    near = by_boundary and abs(count - carried) <= (Fraction(str(tolerance)) * carried)
    return Step(
        observed.quantity if near and count > 0 else quantity,
        Reason.WITHIN_TOLERANCE,
        f"count {count} is within {tolerance * 100:g} % of {carried}",
    )


def limit_for_stranded(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Start at most one dyno for stranded jobs.

    No worker can take them before the broker's visibility timeout is over and one
    worker has returned them to the queue; more dynos would only wait as well.
    """
    if not observed.stranded:
        return Step(quantity, Reason.STRANDED)
    rest = _recommend(
        policy, observed, max(observed.count - observed.stranded, 0)
    ).quantity
    enough = max(rest, 1, min(observed.quantity, quantity))
    return Step(
        min(quantity, enough),
        Reason.STRANDED,
        f"{observed.stranded} of them are stranded: one dyno returns them to the queue",
    )


def wake(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Run at least `wake_dynos` while the count is above 0."""
    floor = policy.wake_dynos if observed.count > 0 else 0
    return Step(
        max(quantity, floor),
        Reason.WOKEN,
        f"at least {floor} while the count is above 0",
    )


def wake_at_once(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Start `wake_dynos` from 0 at once, whatever window and step limit say."""
    if observed.quantity > 0:
        return Step(quantity, Reason.WOKEN)
    return wake(policy, observed, quantity)


def boot_for_eta(policy: Policy, observed: Observation, quantity: int) -> Step:
    """Run one dyno for a job that is due within `boot_time`."""
    boot = policy.boot_time
    soon = (
        boot > NONE
        and observed.next_eta is not None
        and observed.next_eta <= boot.total_seconds()
    )
    return Step(
        max(quantity, 1) if soon else quantity,
        Reason.ETA_SOON,
        f"the next job is due in {observed.next_eta or 0:g} s, a boot takes "
        f"{boot.total_seconds():g} s",
    )

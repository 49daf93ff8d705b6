"""Recommend a quantity: by latency, to drain the backlog in time, or by boundary."""

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


def recommend(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Return the dynos for the count: by latency, to drain it in time, by boundary.

    The boundary stands in for a rate that is not known yet, but takes no dynos
    from a backlog: what was learned may be lost at any time.
    """
    del quantity
    return _recommend(policy, seen, seen.count)


def _recommend(policy: Policy, seen: Observation, count: Count) -> Step:
    if policy.latency_up is not None:
        return _by_latency(policy, policy.latency_up, seen, count)
    by_boundary = recommend_by_boundary(count, policy.boundary)
    detail = f"count {count} / boundary {policy.boundary}"
    if policy.drain_time is None:
        return Step(by_boundary, Reason.RECOMMENDED, detail)
    drained = seen.past.drained
    learned = drained.jobs_per_second if drained else None
    rate = policy.jobs_per_second or learned
    if rate is None:
        falls = drained.falls if drained else 0
        return Step(
            max(by_boundary, seen.quantity) if count > 0 else by_boundary,
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


def _by_latency(policy: Policy, up: timedelta, seen: Observation, count: Count) -> Step:
    """Add dynos above one latency, remove one below the other.

    As HireFire and Judoscale do: the first job wakes a dyno whatever it waited,
    and none is removed that has not been too many for the whole window
    (`stabilize`). Without jobs there is no need of any dyno.
    """
    now, latency = seen.quantity, seen.latency
    if count == 0 and not seen.is_latency:
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


def tolerate(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Leave the dynos alone while the count is near what they should carry."""
    if not policy.tolerance:
        return Step(quantity, Reason.WITHIN_TOLERANCE)
    count, carried = seen.count, seen.quantity * policy.boundary
    by_boundary = policy.drain_time is None and policy.latency_up is None
    near = by_boundary and abs(count - carried) <= (
        Fraction(str(policy.tolerance)) * carried
    )
    return Step(
        seen.quantity if near and count > 0 else quantity,
        Reason.WITHIN_TOLERANCE,
        f"count {count} is within {policy.tolerance * 100:g} % of {carried}",
    )


def wake_for_stranded(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Start no more than one dyno for jobs that no other could take now.

    They are nobody's until a worker gives them back, once the broker's
    visibility timeout is over; more dynos would wait for that as well.
    """
    if not seen.stranded:
        return Step(quantity, Reason.STRANDED)
    rest = _recommend(policy, seen, max(seen.count - seen.stranded, 0)).quantity
    enough = max(rest, 1, min(seen.quantity, quantity))
    return Step(
        min(quantity, enough),
        Reason.STRANDED,
        f"{seen.stranded} of them are stranded: one dyno gives them back to the queue",
    )


def wake(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Start at least `wake_dynos` while there is a count at all."""
    floor = policy.wake_dynos if seen.count > 0 else 0
    return Step(
        max(quantity, floor),
        Reason.WOKEN,
        f"at least {floor} while the count is above 0",
    )


def wake_at_once(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Start `wake_dynos` straight from 0, whatever the window and the step."""
    if seen.quantity > 0:
        return Step(quantity, Reason.WOKEN)
    return wake(policy, seen, quantity)


def boot_for_eta(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Keep one dyno, or start it, for a job that will be due once it has booted."""
    boot = policy.boot_time
    soon = (
        boot > NONE
        and seen.next_eta is not None
        and seen.next_eta <= boot.total_seconds()
    )
    return Step(
        max(quantity, 1) if soon else quantity,
        Reason.ETA_SOON,
        f"the next job is due in {seen.next_eta or 0:g} s, a boot takes "
        f"{boot.total_seconds():g} s",
    )

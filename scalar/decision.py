"""Decide how many dynos a process type should run.

Pure: every fact is an argument. The stages run in the order of the Kubernetes
HPA (recommend, then limits); a stage that changes the quantity leaves a step,
so that every decision can be explained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scalar.model import (
    Count,
    Decision,
    Formation,
    Policy,
    Reading,
    Reason,
    Step,
    Unknown,
)
from scalar.strategy import recommend_by_boundary

#: Heroku runs this process type itself, once at each release.
RELEASE = "release"
#: No more dynos than this are ever asked for: ten times what Heroku allows an
#: app (100 dynos, Dev Center "Dyno Scaling and Process Limits"). An absurd
#: count must not become an absurd request.
MOST_DYNOS = 1_000


@dataclass(frozen=True, slots=True)
class Observation:
    """The facts that one decision rests on.

    Attributes:
        count: What the app reported, finite and at least 0.
        quantity: Dynos now.
        limit: Most dynos that Heroku allows this process type, if known.
    """

    count: Count
    quantity: int
    limit: int | None = None


Stage = Callable[[Policy, Observation, int], Step]


def decide(process_type: str, policy: Policy, seen: Observation) -> Decision:
    """Return the decision for one process type and its known count."""
    trail = [_recommend(policy, seen)]
    for stage in _STAGES:
        step = stage(policy, seen, trail[-1].quantity)
        if step.quantity != trail[-1].quantity:
            trail.append(step)
    return Decision(process_type, seen.quantity, seen.count, tuple(trail))


def decide_all(
    policy_of: Callable[[str], Policy],
    readings: Mapping[str, Reading],
    formation: Formation,
    limits: Mapping[str, int],
    expected: frozenset[str] = frozenset(),
) -> tuple[Decision, ...]:
    """Return a decision for each process type, in the order of their names.

    Args:
        policy_of: The policy of a process type.
        readings: What the app's answer said.
        formation: The process types that there are, with their dynos.
        limits: Most dynos that Heroku allows, where it has said so.
        expected: Process types that the app named before: one of them that
            the answer leaves out is held.
    """
    missing = Unknown(Reason.COUNT_MISSING, "the app's answer leaves it out")
    named: dict[str, Reading] = dict.fromkeys(expected & formation.keys(), missing)
    named.update(readings)
    return tuple(
        _decide_one(name, policy_of, reading, formation, limits)
        for name, reading in sorted(named.items())
    )


def _decide_one(
    name: str,
    policy_of: Callable[[str], Policy],
    reading: Reading,
    formation: Formation,
    limits: Mapping[str, int],
) -> Decision:
    row = formation.get(name)
    if row is None:
        known = ", ".join(sorted(formation)) or "no process types"
        return hold(name, None, Reason.NOT_IN_FORMATION, f"the formation has {known}")
    if name == RELEASE:
        return hold(name, row.quantity, Reason.RELEASE_PHASE, "never scaled")
    if isinstance(reading, Unknown):
        return hold(name, row.quantity, reading.reason, reading.detail)
    seen = Observation(reading, row.quantity, limits.get(name))
    return decide(name, policy_of(name), seen)


def hold(
    process_type: str, current: int | None, reason: Reason, detail: str
) -> Decision:
    """Return the decision to change nothing, with its reason."""
    step = Step(current or 0, reason, detail)
    return Decision(process_type, current, None, (step,), held=True)


def _recommend(policy: Policy, seen: Observation) -> Step:
    quantity = recommend_by_boundary(seen.count, policy.boundary)
    return Step(
        quantity,
        Reason.RECOMMENDED,
        f"count {seen.count} / boundary {policy.boundary}",
    )


def _keep_web(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Keep the last dyno of a process type that may not sleep.

    A process type that somebody switched off stays off: this stage never
    starts one.
    """
    floor = 0 if policy.may_sleep else min(seen.quantity, 1)
    return Step(
        max(quantity, floor), Reason.WEB_KEPT, "the app would not answer without it"
    )


def _clamp_to_limit(policy: Policy, seen: Observation, quantity: int) -> Step:
    """Stay within what Heroku allows, but never scale down because of it."""
    del policy
    limit = MOST_DYNOS if seen.limit is None else min(seen.limit, MOST_DYNOS)
    return Step(
        min(quantity, max(limit, seen.quantity)),
        Reason.HEROKU_LIMIT,
        f"Heroku allows {limit}",
    )


_STAGES: tuple[Stage, ...] = (_keep_web, _clamp_to_limit)


def clamp_again(decision: Decision, limits: Mapping[str, int]) -> Decision:
    """Return the decision within limits that became known after it was made."""
    limit = limits.get(decision.process_type)
    if not decision.changes or limit is None:
        return decision
    before = decision.trail[-1].quantity
    seen = Observation(decision.count or 0, decision.current or 0, limit)
    step = _clamp_to_limit(Policy(boundary=0), seen, before)
    if step.quantity == before:
        return decision
    return replace(decision, trail=(*decision.trail, step))

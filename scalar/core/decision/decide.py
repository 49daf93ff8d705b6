"""Decide how many dynos a process type should run.

Pure: every fact, the time included, is an argument. The stages are in
`stages.py`; a stage that changes the quantity leaves a step, so that every
decision can be explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scalar.core.app_state import NOTHING, Past
from scalar.core.decision.bounds import keep_to_limit
from scalar.core.decision.decision import Decision, Step
from scalar.core.decision.observation import Observation
from scalar.core.decision.protect import wait_after_release
from scalar.core.decision.recommend import recommend
from scalar.core.decision.stages import (
    DAMPING,
    FOR_UNKNOWN,
    KEEPING,
    LIMITING,
    RECOMMENDING,
    WAKING,
    CountedStage,
    Stage,
)
from scalar.core.formation import Formation
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Count, Reading, Unknown
from scalar.core.reason import Cause, Reason

#: Heroku runs this process type itself, once at each release.
RELEASE = "release"
#: Longer than anything waits; not every count fits into a float.
MOST_SECONDS = 10**12
PolicyOf = Callable[[str], Policy | Cause]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decisions for one app rest on, beside its counts.

    Attributes:
        at: The time (aware, UTC).
        formation: The process types that there are, with their dynos.
        limits: Most dynos that Heroku allows, where it has said so.
        pasts: What is remembered of each process type.
        expected: Process types that the app named before: one of them that the
            answer leaves out is held.
        since: From when on things are remembered.
        released_at: When the app was last released; None if that is not known.
    """

    at: datetime
    formation: Formation
    limits: Mapping[str, int]
    pasts: Mapping[str, Past]
    expected: frozenset[str] = frozenset()
    since: datetime | None = None
    released_at: datetime | None = None


def decide(
    process_type: str, policy: Policy, count: Count, seen: Observation
) -> Decision:
    """Return the decision for one process type and its known count.

    Args:
        process_type: Heroku's name of it.
        policy: How it may be scaled.
        count: What the app reported, finite and at least 0.
        seen: The other facts.
    """
    trail = [recommend(policy, seen, count)]
    _count(RECOMMENDING, policy, seen, count, trail)
    recommended = trail[-1].quantity
    _count(KEEPING, policy, seen, count, trail)
    _limit(DAMPING, policy, seen, trail)
    _count(WAKING, policy, seen, count, trail)
    _limit(LIMITING, policy, seen, trail)
    goes_down = trail[-1].quantity < seen.quantity
    _limit((wait_after_release,), policy, seen, trail)
    return Decision(
        process_type,
        seen.quantity,
        count,
        tuple(trail),
        recommended=recommended,
        asks_for_release=goes_down
        and policy.release_grace > NONE
        and (seen.released_at is None or trail[-1].quantity < seen.quantity),
        dry_run=policy.dry_run,
    )


def decide_unknown(
    process_type: str, policy: Policy, unknown: Unknown, seen: Observation
) -> Decision:
    """Return the decision for a count that is not known: never fewer dynos.

    It is to hold, unless the jobs that are known of by themselves ask for more
    dynos, or the policy has a fallback for a count that has been unknown for
    some time.
    """
    wishes = (
        _for_what_is_known(process_type, policy, unknown, seen),
        _fall_back(process_type, policy, unknown, seen),
    )
    more = [wish for wish in wishes if wish and wish.is_up]
    if not more:
        return hold(process_type, seen.quantity, unknown)
    return max(more, key=lambda wish: wish.desired or 0)


def _for_what_is_known(
    process_type: str, policy: Policy, unknown: Unknown, seen: Observation
) -> Decision | None:
    """Return the decision for the least that the count can be; None if nothing is."""
    if not unknown.at_least > 0:
        return None
    known = decide(process_type, policy, unknown.at_least, seen)
    first, *others = known.trail
    why = f"{first.detail}, at least: {unknown.detail}"
    return replace(
        known,
        count=None,
        recommended=None,
        trail=(Step(first.quantity, Reason.COUNT_AT_LEAST, why), *others),
    )


def _fall_back(
    process_type: str, policy: Policy, unknown: Unknown, seen: Observation
) -> Decision | None:
    """Return the policy's own decision for a count that stays unknown."""
    floor, failures = policy.fallback_dynos, seen.past.failures
    if floor is None or failures < policy.fallback_after:
        return None
    why = f"unknown {failures} times in a row ({unknown.reason}); at least {floor}"
    trail = [Step(floor, Reason.FALLBACK, why)]
    _limit(FOR_UNKNOWN, policy, seen, trail)
    return Decision(
        process_type, seen.quantity, None, tuple(trail), dry_run=policy.dry_run
    )


def _count(
    stages: Iterable[CountedStage],
    policy: Policy,
    seen: Observation,
    count: Count,
    trail: list[Step],
) -> None:
    for stage in stages:
        _add(trail, stage(policy, seen, count, trail[-1].quantity))


def _limit(
    stages: Iterable[Stage], policy: Policy, seen: Observation, trail: list[Step]
) -> None:
    for stage in stages:
        _add(trail, stage(policy, seen, trail[-1].quantity))


def _add(trail: list[Step], step: Step) -> None:
    if step.quantity != trail[-1].quantity:
        trail.append(step)


def decide_all(
    policy_of: PolicyOf, readings: Mapping[str, Reading], situation: Situation
) -> tuple[Decision, ...]:
    """Return a decision for each process type, in the order of their names.

    Args:
        policy_of: The policy of a process type, or why it has none.
        readings: What the app's answer said.
        situation: The other facts.
    """
    missing = Reading(Unknown(Reason.COUNT_MISSING, "the app's answer leaves it out"))
    expected = situation.expected & situation.formation.keys()
    named: dict[str, Reading] = dict.fromkeys(expected, missing)
    named.update(readings)
    return tuple(
        _decide_one(name, policy_of, reading, situation)
        for name, reading in sorted(named.items())
    )


def _decide_one(
    name: str, policy_of: PolicyOf, reading: Reading, situation: Situation
) -> Decision:
    row = situation.formation.get(name)
    if row is None:
        known = ", ".join(sorted(situation.formation)) or "no process types"
        missing = Cause(Reason.NOT_IN_FORMATION, f"the formation has {known}")
        return hold(name, None, missing)
    if name == RELEASE:
        return hold(name, row.quantity, Cause(Reason.RELEASE_PHASE, "never scaled"))
    policy = policy_of(name)
    if isinstance(policy, Cause):
        return hold(name, row.quantity, policy)
    seen = Observation(
        row.quantity,
        situation.at,
        limit=situation.limits.get(name),
        past=situation.pasts.get(name, NOTHING),
        since=situation.since,
        released_at=situation.released_at,
        latency=_latency(policy, reading),
        is_latency=policy.latency_up is not None and reading.is_ambiguous,
        busy=reading.busy,
        next_eta=reading.next_eta,
        stranded=reading.stranded,
    )
    count = reading.count
    if isinstance(count, Unknown):
        return decide_unknown(name, policy, count, seen)
    if policy.latency_up is not None and seen.latency is None and count * seen.quantity:
        return decide_unknown(name, policy, _unknown_latency(reading), seen)
    return decide(name, policy, count, seen)


def _latency(policy: Policy, reading: Reading) -> float | None:
    """Return the latency in seconds; a number of HireFire's form may be one."""
    if reading.is_ambiguous and not isinstance(reading.count, Unknown):
        return float(min(reading.count, MOST_SECONDS)) if policy.latency_up else None
    return None if isinstance(reading.latency, Unknown) else reading.latency


def _unknown_latency(reading: Reading) -> Unknown:
    if isinstance(reading.latency, Unknown):
        return reading.latency
    return Unknown(Reason.LATENCY_UNKNOWN, "the app tells counts only, no latency")


def hold(process_type: str, current: int | None, cause: Cause) -> Decision:
    """Return the decision to change nothing, and why."""
    return Decision(process_type, current, None, hold=Cause(cause.reason, cause.detail))


def clamp_again(
    decision: Decision, limits: Mapping[str, int], at: datetime
) -> Decision:
    """Return the decision within limits that became known after it was made."""
    limit = limits.get(decision.process_type)
    if not decision.changes or limit is None:
        return decision
    before = decision.trail[-1].quantity
    seen = Observation(decision.current or 0, at, limit=limit)
    step = keep_to_limit(Policy(), seen, before)
    if step.quantity == before:
        return decision
    return replace(decision, trail=(*decision.trail, step))

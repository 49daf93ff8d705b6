"""Decide how many dynos each process type of an app should run.

Pure: every fact, including the time, is an argument. `stages.py` has the stages
in their order; each one that changes the quantity leaves a step, so that every
decision explains itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from scalar.core.decision.bounds import within_limit
from scalar.core.decision.decision import Decision, Step
from scalar.core.decision.observation import AppFacts, Observation, observe
from scalar.core.decision.protect import notes_on_removal, waits_after_releases
from scalar.core.decision.stages import FOR_UNKNOWN, PIPELINE, RECOMMENDING, run
from scalar.core.platform_rules import HEROKU, PlatformRules
from scalar.core.policy.policy import NONE, Policy
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause, Reason

PolicyOf = Callable[[str], Policy | Cause]


def decide_all(
    policy_of: PolicyOf, readings: Mapping[str, Reading], facts: AppFacts
) -> tuple[Decision, ...]:
    """Return a decision for each process type, sorted by name.

    Args:
        policy_of: Returns the policy of a process type, or why it has none.
        readings: What the app reported.
        facts: The facts that all process types share.
    """
    missing = Reading(Unknown(Reason.COUNT_MISSING, "missing from the app's answer"))
    expected = facts.expected & facts.formation.keys()
    reported = {**dict.fromkeys(expected, missing), **readings}
    return tuple(
        _decide_or_hold(name, policy_of, reading, facts)
        for name, reading in sorted(reported.items())
    )


def _decide_or_hold(
    name: str, policy_of: PolicyOf, reading: Reading, facts: AppFacts
) -> Decision:
    row = facts.formation.get(name)
    if row is None:
        known = ", ".join(sorted(facts.formation)) or "no process types"
        return hold(
            name, None, Cause(Reason.NOT_IN_FORMATION, f"the formation has {known}")
        )
    if name in facts.rules.never_scaled:
        return hold(name, row.quantity, Cause(Reason.RELEASE_PHASE, "never scaled"))
    policy = policy_of(name)
    if isinstance(policy, Cause):
        return hold(name, row.quantity, policy)
    observed = observe(facts, name, policy, reading)
    notes = (*policy.notes, *notes_on_removal(observed))
    decision = decide(name, policy, observed)
    return replace(decision, notes=notes) if notes else decision


def decide(process_type: str, policy: Policy, observed: Observation) -> Decision:
    """Return the decision for one process type.

    While its count is unknown no dyno is removed. Dynos are added only if the jobs
    that are known of need more, if the policy's fallback applies, or if the policy
    asks for more whatever the count; the highest wins. Otherwise the process type is
    held.
    """
    unknown = observed.unknown
    if unknown is None:
        decision = _decide_by_count(process_type, policy, observed)
        rests = decision.is_to_be_made and _rests_on_quantity(
            policy, observed, decision.trail[-1].quantity
        )
        return replace(decision, rests_on_formation=True) if rests else decision
    options = (
        _decide_by_least(process_type, policy, observed, unknown),
        _decide_without_count(process_type, policy, observed, unknown),
    )
    ups = [option for option in options if option and option.is_up]
    if not ups:
        return hold(process_type, observed.quantity, unknown)
    most = max(ups, key=lambda up: up.desired or 0)
    return replace(most, rests_on_formation=True)


def _rests_on_quantity(policy: Policy, observed: Observation, desired: int) -> bool:
    """Return whether the outcome would differ if the current quantity did.

    Without a guard, the count alone says how many dynos there should be, whatever
    there are now. With one, a change to the remembered quantity may be a change in
    the other direction in truth. Busy dynos, leases and releases are looked up or
    noticed only when the quantity is known, so they always count as a guard.
    """
    if (
        observed.busy is not None
        or policy.manual_lease > NONE
        or policy.manual_off
        or waits_after_releases(policy, observed)
    ):
        return True
    others = {0, 1, max(desired - 1, 0), desired + 1, observed.rules.most_dynos}
    return any(
        run(PIPELINE, policy, replace(observed, quantity=quantity))[-1].quantity
        != desired
        for quantity in others - {observed.quantity}
    )


def _decide_by_count(
    process_type: str, policy: Policy, observed: Observation
) -> Decision:
    trail = run(RECOMMENDING, policy, observed)
    recommended = trail[-1].quantity
    trail = run(PIPELINE[len(RECOMMENDING) :], policy, observed, trail)
    return Decision(
        process_type,
        observed.quantity,
        observed.count,
        trail,
        recommended=recommended,
        asks_for_release=_asks_for_release(policy, observed, trail[-1]),
        dry_run=policy.dry_run,
    )


def _asks_for_release(policy: Policy, observed: Observation, last: Step) -> bool:
    """Return whether another release than the known one would change the outcome.

    It would if dynos are about to be removed, or are kept only because the last
    release is unknown.
    """
    goes_down = last.quantity < observed.quantity
    waits = observed.released_at is None and last.reason is Reason.RELEASED_RECENTLY
    return waits_after_releases(policy, observed) and (goes_down or waits)


def _decide_by_least(
    process_type: str, policy: Policy, observed: Observation, unknown: Unknown
) -> Decision | None:
    """Return the decision for the least that the count can be; None if that is 0."""
    if not unknown.at_least > 0:
        return None
    decision = _decide_by_count(process_type, policy, observed)
    first, *others = decision.trail
    why = f"{first.detail}, at least: {unknown.detail}"
    return replace(
        decision,
        count=None,
        recommended=None,
        trail=(Step(first.quantity, Reason.COUNT_AT_LEAST, why), *others),
    )


def _decide_without_count(
    process_type: str, policy: Policy, observed: Observation, unknown: Unknown
) -> Decision:
    """Return the decision of the policy's fallback, and of what needs no count."""
    floor, failures = policy.fallback_dynos, observed.past.failures
    first = Step(observed.quantity, unknown.reason, unknown.detail)
    if floor is not None and failures >= policy.fallback_after:
        why = f"unknown {failures} times in a row ({unknown.reason}); at least {floor}"
        first = Step(max(floor, observed.quantity), Reason.FALLBACK, why)
    trail = run(FOR_UNKNOWN, policy, observed, (first,))
    return Decision(
        process_type, observed.quantity, None, trail, dry_run=policy.dry_run
    )


def hold(process_type: str, current: int | None, cause: Cause) -> Decision:
    """Return the decision to change nothing, and why."""
    return Decision(process_type, current, None, hold=Cause(cause.reason, cause.detail))


def clamp_again(
    decision: Decision, limits: Mapping[str, int], rules: PlatformRules = HEROKU
) -> Decision:
    """Return the decision within limits that were learned after it was made."""
    limit = limits.get(decision.process_type)
    if not decision.changes or limit is None:
        return decision
    before = decision.trail[-1].quantity
    step = within_limit(rules, before, decision.current or 0, limit)
    if step.quantity == before:
        return decision
    return replace(decision, trail=(*decision.trail, step))

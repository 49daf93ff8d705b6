"""Gather the facts of an evaluation, and decide on them.

The counts are read at each evaluation; the formation, the last release and the
journal only where the decision needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scalar.core.app_state import NOTHING, WHOLE_APP, Memory, Past
from scalar.core.backoff import rest_after
from scalar.core.decision.bounds import bounds
from scalar.core.decision.decide import decide_all
from scalar.core.decision.decision import Decision
from scalar.core.decision.observation import AppFacts
from scalar.core.decision.update_state import note_decision, note_reading
from scalar.core.errors import CountsError
from scalar.core.policy.policy import NONE
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause, Reason
from scalar.ports.counts import NOTHING_REMOVED
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.maintenance import leave_alone_in_maintenance
from scalar.service.evaluate.platform_calls import (
    contradicts,
    is_heard,
    is_stale,
    read_formation,
    read_release,
    stands,
    urgency_of,
    urgency_of_read,
)
from scalar.service.evaluate.recall import recall_manual_changes, scaled_before
from scalar.service.evaluate.settle_leases import settle_leases

#: Seconds after which an app's answer counts as slow.
SLOW_AFTER = 1.0
MISSING = Reading(Unknown(Reason.COUNT_MISSING))
NOTHING_DENIED: Mapping[str, Cause] = {}


def observe(
    ctx: AppContext,
    memory: Memory,
    *,
    keep: Mapping[str, int] = NOTHING_REMOVED,
) -> Evaluation:
    """Read the counts and, where necessary, the formation; decide.

    Args:
        ctx: The app to evaluate.
        memory: What is remembered of it.
        keep: Process type to the dynos that will be left of it; the app's agent
            quiesces the others.
    """
    started = ctx.now()
    unknown: Cause | None = None
    try:
        readings = ctx.parts.counts.read(ctx.app.address, keep)
    except CountsError as exc:
        unknown = Cause(exc.reason, str(exc))
        memory = _with_names(ctx, memory)
        readings = _all_unknown(ctx, memory, unknown)
    answered_in = (ctx.now() - started).total_seconds()
    slow = unknown is not None or answered_in > SLOW_AFTER
    memory = replace(
        memory,
        slow=slow,
        pasts=_after_reading(memory, readings, ctx.now()),
        **_backed_off(ctx, memory, answered=not unknown),
    )
    seen = Evaluation(
        memory,
        hold=unknown,
        counted_at=ctx.now(),
        readings=readings,
        answered_in=answered_in,
    )
    if unknown and not _acts_without_counts(ctx, memory, readings):
        return seen
    if memory.since is None:
        seen = recall_manual_changes(
            ctx, seen, needed=_protects_manual_changes(ctx, readings)
        )
    if is_stale(ctx, memory, readings):
        seen = read_formation(ctx, seen, urgency_of_read(memory, readings))
    if seen.hold is not unknown:
        return seen
    return _decide_on_fresh_facts(ctx, seen, readings)


def _backed_off(ctx: AppContext, memory: Memory, *, answered: bool) -> dict[str, Any]:
    """Return how long the app is not polled; any answer resets it."""
    if answered:
        return {"unanswered": 0, "rest": 0.0}
    unanswered = memory.unanswered + 1
    options = ctx.parts.options
    rest = rest_after(
        unanswered,
        options.sleep_period,
        options.app_backoff_max,
        ctx.parts.chance.fraction(),
    )
    return {"unanswered": unanswered, "rest": rest}


def _with_names(ctx: AppContext, memory: Memory) -> Memory:
    """Return the memory with the process types that need no count to add dynos.

    Where nothing is remembered and the app does not name them, the journal does.
    """
    whole = ctx.policy(WHOLE_APP)
    if memory.reported or isinstance(whole, Cause):
        return memory
    if whole.fallback_dynos is None and bounds(whole, ctx.now())[0] == 0:
        return memory
    return replace(memory, reported=scaled_before(ctx))


def _all_unknown(ctx: AppContext, memory: Memory, why: Cause) -> Mapping[str, Reading]:
    """Return an unknown count for every process type that is scaled."""
    named = memory.reported | (ctx.app.policies.keys() - {WHOLE_APP})
    return dict.fromkeys(named, Reading(Unknown(why.reason, why.detail)))


def _after_reading(
    memory: Memory, readings: Mapping[str, Reading], at: datetime
) -> dict[str, Past]:
    """Return what is remembered of process types once their counts are read.

    A count that the answer leaves out is unknown. A process type that the formation
    has left out for long is forgotten.
    """
    named = memory.reported | readings.keys()
    there = named if memory.formation is None else memory.formation.keys() & named
    kept = {*(memory.formation or named), *memory.absent}
    pasts = {name: past for name, past in memory.pasts.items() if name in kept}
    for name in there:
        count = readings.get(name, MISSING).count
        pasts[name] = note_reading(pasts.get(name, NOTHING), count, at)
    return _without_empty(pasts)


def _acts_without_counts(ctx: AppContext, memory: Memory, names: Iterable[str]) -> bool:
    """Return whether a policy says what to do while the counts are unknown."""
    now = ctx.now()
    return any(
        bounds(policy, now)[0] > 0
        or (
            policy.fallback_dynos is not None
            and memory.pasts.get(name, NOTHING).failures >= policy.fallback_after
        )
        for name, policy in ctx.valid_policies(names)
    )


def _protects_manual_changes(ctx: AppContext, names: Iterable[str]) -> bool:
    """Return whether a policy protects a manual change, for a while or for good."""
    return any(
        policy.manual_lease > NONE or policy.manual_off
        for _, policy in ctx.valid_policies(names)
    )


def _decide_on_fresh_facts(
    ctx: AppContext, seen: Evaluation, readings: Mapping[str, Reading]
) -> Evaluation:
    """Decide; and again, if a fact that the decision rests on had to be read.

    A change that rests on the current quantities needs a formation that was read
    within the last period; one after a release, the time of the last one.
    """
    held = seen.hold
    denied: Mapping[str, Cause] = {}
    seen, decisions = _decide_and_settle(ctx, seen, readings)
    if unsure := _unsure(ctx, seen, readings, decisions):
        fresh = read_formation(ctx, seen, urgency_of(unsure), must=True)
        if not fresh.formation_is_fresh and fresh.hold:
            denied = dict.fromkeys((d.process_type for d in unsure), fresh.hold)
            if denied.keys() >= {d.process_type for d in decisions if d.is_to_be_made}:
                return fresh
        seen = replace(fresh, hold=held)
        seen, decisions = _decide_and_settle(ctx, seen, readings, denied)
    if any(_needs_release(d, seen.memory) for d in decisions):
        asked = read_release(ctx, seen)
        decisions = _decide(ctx, asked, readings, denied)
        if asked.hold is not held and _nothing_else_to_do(decisions):
            return asked
        seen = replace(asked, hold=held)
    seen = _remember(ctx, replace(seen, decisions=decisions), readings)
    return leave_alone_in_maintenance(ctx, seen)


def _decide_and_settle(
    ctx: AppContext,
    seen: Evaluation,
    readings: Mapping[str, Reading],
    denied: Mapping[str, Cause] = NOTHING_DENIED,
) -> tuple[Evaluation, tuple[Decision, ...]]:
    """Decide; and again, if a lease that keeps a decision back is a deploy's."""
    decisions = _decide(ctx, seen, readings, denied)
    settled = settle_leases(ctx, seen, decisions)
    if settled is seen:
        return seen, decisions
    return settled, _decide(ctx, settled, readings, denied)


def _unsure(
    ctx: AppContext,
    seen: Evaluation,
    readings: Mapping[str, Reading],
    decisions: Iterable[Decision],
) -> list[Decision]:
    """Return the changes that may not be carried out by what is remembered."""
    memory = seen.memory
    if seen.formation_is_fresh or is_heard(ctx, memory):
        return []
    doubtful = memory.doubtful or bool(memory.unconfirmed)
    return [
        decision
        for decision in decisions
        if decision.is_to_be_made
        and (
            doubtful
            or decision.rests_on_formation
            or contradicts(
                memory,
                decision.process_type,
                readings.get(decision.process_type, MISSING),
            )
        )
    ]


def _needs_release(decision: Decision, memory: Memory) -> bool:
    """Return whether the last release has to be asked for; in a dry run only once."""
    for_real = not decision.dry_run or memory.released_at is None
    return decision.asks_for_release and for_real


def _nothing_else_to_do(decisions: Iterable[Decision]) -> bool:
    """Return whether every change waits for the time of the last release."""
    waiting = [d for d in decisions if d.asks_for_release and not d.dry_run]
    return bool(waiting) and not any(d.is_to_be_made for d in decisions)


def _decide(
    ctx: AppContext,
    seen: Evaluation,
    readings: Mapping[str, Reading],
    denied: Mapping[str, Cause] = NOTHING_DENIED,
) -> tuple[Decision, ...]:
    """Decide; hold the process types for which it is said why."""
    memory, now = seen.memory, ctx.now()
    refused = {
        name: refusal.cause
        for name, refusal in memory.refusals.items()
        if stands(refusal, ctx.app, now)
    }
    facts = AppFacts(
        at=now,
        formation=seen.formation,
        limits=memory.limits,
        pasts=memory.pasts,
        expected=memory.reported,
        since=memory.since,
        released_at=memory.released_at,
        rules=ctx.platform.rules,
    )
    waiting = {**refused, **denied}
    return tuple(
        replace(decision, hold=waiting[decision.process_type])
        if decision.is_to_be_made and decision.process_type in waiting
        else decision
        for decision in decide_all(ctx.policy, readings, facts)
    )


def _remember(
    ctx: AppContext, seen: Evaluation, readings: Mapping[str, Reading]
) -> Evaluation:
    """Return the evaluation with what its decisions need remembered."""
    memory, now = seen.memory, ctx.now()
    decided = {d.process_type: d for d in seen.decisions}
    pasts = dict(memory.pasts)
    for name, policy in ctx.valid_policies(decided):
        past = pasts.get(name, NOTHING)
        pasts[name] = note_decision(past, policy, decided[name], now)
    reported = memory.reported
    if seen.hold is None:
        reported |= readings.keys() & seen.formation.keys()
    memory = replace(memory, reported=reported, pasts=_without_empty(pasts))
    return replace(seen, memory=memory)


def _without_empty(pasts: Mapping[str, Past]) -> dict[str, Past]:
    return {name: past for name, past in pasts.items() if past != NOTHING}

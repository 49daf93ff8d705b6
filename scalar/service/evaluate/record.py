"""Record what an evaluation did: log lines, holds, events."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core import logfmt
from scalar.core.app import AppKey
from scalar.core.app_state import NOTHING, WHOLE_APP, Hold, Memory
from scalar.core.decision.decision import Decision
from scalar.core.decision.protect import left_of_lease
from scalar.core.decision.track_holds import track_holds
from scalar.core.event import Event, EventKind, event_id
from scalar.core.policy.policy import NONE
from scalar.core.reading import Count, Unknown
from scalar.core.reason import Cause, Reason
from scalar.core.repeated import ends, repeats
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.facts import facts_of
from scalar.service.evaluate.record_dry_runs import record_dry_runs

log = logging.getLogger("scalar.evaluation")

#: Reasons that are logged as a warning once, then at debug: they last until a person
#: acts.
WARNED_ONCE = frozenset(
    {Reason.NOT_IN_FORMATION, Reason.RELEASE_PHASE, Reason.MAINTENANCE}
)


def record(
    ctx: AppContext, before: Memory, done: Evaluation
) -> tuple[Memory, tuple[Event, ...]]:
    """Log the evaluation; return what to remember, and its events for the journal.

    Args:
        ctx: The app.
        before: What was remembered when the evaluation began.
        done: The evaluation.
    """
    app, now = ctx.app, ctx.now()
    memory = done.memory
    held = _held(ctx, done)
    holds, hold_events = track_holds(app.name, memory.holds, held, now)
    _log_changes_elsewhere(done.events)
    _log_holds(app.name, done, memory.holds, holds, now, held=held)
    _log_decisions(ctx, done)
    memory, dry_runs = record_dry_runs(ctx, done, memory)
    all_holds = {**memory.holds, **holds}
    of_holds = (_with_facts(ctx, done, event) for event in hold_events)
    events = tuple(
        replace(
            _identified(ctx, event, before, all_holds), detail=ctx.redact(event.detail)
        )
        for event in (*done.events, *of_holds, *dry_runs)
    )
    memory = replace(
        memory,
        holds=holds,
        counts=_counts(done, memory) if holds else {},
        stuck=done.is_stuck,
        leased_until=_leased_until(ctx, memory),
    )
    return memory, events


def record_unread(
    key: AppKey, done: Evaluation, now: datetime
) -> tuple[Memory, tuple[Event, ...]]:
    """Do the same for an app whose row cannot be read."""
    memory = done.memory
    held = {WHOLE_APP: done.hold} if done.hold else {}
    holds, events = track_holds(key.name, memory.holds, held, now)
    _log_holds(key.name, done, memory.holds, holds, now, held=held)
    identified = tuple(
        replace(
            event, id=event_id(key.id, WHOLE_APP, event.kind, holds[WHOLE_APP].since)
        )
        for event in events
    )
    return replace(memory, holds=holds), identified


def _counts(done: Evaluation, memory: Memory) -> dict[str, Count]:
    """Return the counts as last reported, also of an app that does not answer now."""
    said = {
        name: one.count
        for name, one in done.readings.items()
        if not isinstance(one.count, Unknown)
    }
    return said or dict(memory.counts)


def _with_facts(ctx: AppContext, done: Evaluation, event: Event) -> Event:
    """Return the event of a hold with what was known when it began, or ended."""
    for decision in done.decisions:
        if decision.process_type == event.process_type:
            return replace(event, facts=facts_of(ctx, done, decision))
    return event


def _identified(
    ctx: AppContext, event: Event, before: Memory, holds: Mapping[str, Hold]
) -> Event:
    """Return the event with an id.

    Another evaluation that began with the same memory, because this one lost its
    lease, gives the same hold and the same manual change the same id.
    """
    if event.id:
        return event
    name = event.process_type or WHOLE_APP
    base: tuple[object, ...] = (ctx.token,)
    if event.kind in {EventKind.HELD, EventKind.RESUMED}:
        base = (holds[name].since,)
    elif event.kind is EventKind.CHANGED_ELSEWHERE and before.since:
        seen_before = before.pasts.get(name, NOTHING).changed_by_hand_at
        quantities = (event.from_quantity, event.to_quantity)
        base = (before.since, before.read_at, seen_before, *quantities)
    return replace(event, id=event_id(ctx.app.id, name, event.kind, *base))


def _leased_until(ctx: AppContext, memory: Memory) -> datetime | None:
    """Return until when a manual change is left alone; None if none is."""
    now = ctx.now()
    ends = [
        past.changed_by_hand_at + policy.manual_lease
        for name, policy in ctx.valid_policies(memory.pasts)
        if (past := memory.pasts[name]).changed_by_hand_at is not None
        and left_of_lease(policy, past, now) > NONE
    ]
    return max(ends, default=None)


def _held(ctx: AppContext, done: Evaluation) -> dict[str, Cause]:
    """Return why each process type, or the whole app, is held, without secrets."""
    if done.hold:
        held = {WHOLE_APP: done.hold}
    else:
        held = {d.process_type: d.hold for d in done.decisions if d.hold}
    return {
        name: replace(cause, detail=ctx.redact(cause.detail)) if cause.detail else cause
        for name, cause in held.items()
    }


def _log_holds(
    app: str,
    done: Evaluation,
    before: Mapping[str, Hold],
    holds: Mapping[str, Hold],
    now: datetime,
    *,
    held: Collection[str],
) -> None:
    wanted = ",".join(
        f"{d.process_type}:{d.current}->{d.desired}" for d in done.changes
    )
    for name in held:
        hold = holds[name]
        quiet = hold.reason in WARNED_ONCE and hold.times > 1
        log.log(
            logging.DEBUG if quiet else logging.WARNING,
            logfmt.line(
                "scale.held",
                app=app,
                process_type=name or None,
                reason=hold.reason,
                times=hold.times,
                wanted=(wanted or None) if name == WHOLE_APP else None,
                detail=hold.detail or None,
            ),
            extra=repeats("held", app, name, hold.reason),
        )
    for name, hold in before.items():
        if name not in holds:
            log.info(
                logfmt.line(
                    "scale.resumed",
                    app=app,
                    process_type=name or None,
                    reason=hold.reason,
                    times=hold.times,
                    seconds=int((now - hold.since).total_seconds()),
                ),
                # One that comes and goes is told as seldom as one that stays.
                extra=(
                    {**ends("held", app, name, quiet=0.0), "always": True}
                    if hold.recorded
                    else repeats("resumed", app, name)
                ),
            )


def _log_decisions(ctx: AppContext, done: Evaluation) -> None:
    if done.hold and not done.scaled:
        return
    for decision in done.decisions:
        if decision.is_to_be_made and done.scaled:
            log.info(_line("scale.done", ctx, decision))
        elif not decision.hold and log.isEnabledFor(logging.DEBUG):
            log.debug(_line("scale.unchanged", ctx, decision))


def _line(event: str, ctx: AppContext, decision: Decision) -> str:
    policy = ctx.policy(decision.process_type)
    return logfmt.line(
        event,
        app=ctx.app.name,
        process_type=decision.process_type,
        current=decision.current,
        recommended=decision.recommended,
        desired=decision.desired,
        reason=decision.reason,
        count=decision.count,
        boundary=None if isinstance(policy, Cause) else policy.boundary,
        trail=decision.in_short,
    )


def _log_changes_elsewhere(events: tuple[Event, ...]) -> None:
    for event in events:
        if event.reason is Reason.CHANGED_ELSEWHERE:
            log.info(
                logfmt.line(
                    "scale.changed_elsewhere",
                    app=event.app,
                    process_type=event.process_type,
                    current=event.to_quantity,
                    before=event.from_quantity,
                )
            )

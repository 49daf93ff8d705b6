"""Record what an evaluation did: log lines, holds, events."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core import logfmt
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP, Hold, Memory
from scalar.core.decision.decision import Decision
from scalar.core.decision.protect import left_of_lease
from scalar.core.decision.track_holds import track_holds
from scalar.core.errors import RegistryError
from scalar.core.event import Event
from scalar.core.policy.policy import NONE
from scalar.core.reason import Cause, Reason
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.record_dry_runs import record_dry_runs

log = logging.getLogger("scalar.evaluation")

#: Reasons that are logged as a warning once, then at debug: they last until a person
#: acts.
WARNED_ONCE = frozenset(
    {Reason.NOT_IN_FORMATION, Reason.RELEASE_PHASE, Reason.MAINTENANCE}
)
#: Most events of one app that are kept while the journal cannot be written.
MOST_UNWRITTEN = 50


def record(ctx: AppContext, done: Evaluation) -> Memory:
    """Log the evaluation and write its events; return what to remember.

    Events that the journal refuses are kept in the memory and written by the next
    evaluation, so that a database outage loses none.
    """
    app, now = ctx.app, ctx.now()
    memory = done.memory
    holds, hold_events = track_holds(app.name, memory.holds, _held(done), now)
    _log_changes_elsewhere(done.events)
    _log_holds(app, done, memory.holds, holds, now)
    _log_decisions(ctx, done)
    memory, dry_runs = record_dry_runs(ctx, done, memory)
    events = (*memory.unwritten, *done.events, *hold_events, *dry_runs)
    return replace(
        memory,
        holds=holds,
        unwritten=_write(ctx, events),
        stuck=done.is_stuck,
        leased_until=_leased_until(ctx, memory),
    )


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


def _held(done: Evaluation) -> dict[str, Cause]:
    """Return why each process type, or the whole app, is held."""
    if done.hold:
        return {WHOLE_APP: done.hold}
    return {d.process_type: d.hold for d in done.decisions if d.hold}


def _log_holds(
    app: RegisteredApp,
    done: Evaluation,
    before: Mapping[str, Hold],
    holds: Mapping[str, Hold],
    now: datetime,
) -> None:
    wanted = ",".join(
        f"{d.process_type}:{d.current}->{d.desired}" for d in done.changes
    )
    for name in _held(done):
        hold = holds[name]
        quiet = hold.reason in WARNED_ONCE and hold.times > 1
        log.log(
            logging.DEBUG if quiet else logging.WARNING,
            logfmt.line(
                "scale.held",
                app=app.name,
                process_type=name or None,
                reason=hold.reason,
                times=hold.times,
                wanted=(wanted or None) if name == WHOLE_APP else None,
                detail=hold.detail or None,
            ),
        )
    for name, hold in before.items():
        if name not in holds:
            log.info(
                logfmt.line(
                    "scale.resumed",
                    app=app.name,
                    process_type=name or None,
                    reason=hold.reason,
                    times=hold.times,
                    seconds=int((now - hold.since).total_seconds()),
                )
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


def _write(ctx: AppContext, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Write the events; return those that have to be kept."""
    if not events:
        return ()
    try:
        ctx.parts.journal.record(events)
    except RegistryError as exc:
        log.error(  # noqa: TRY400 - expected, and the detail says it
            logfmt.line(
                "journal.unavailable", app=ctx.app.name, waiting=len(events), detail=exc
            )
        )
        return events[-MOST_UNWRITTEN:]
    return ()

"""Carry a decision out: at most one PATCH, and one more after a limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.decision.decide import clamp_again
from scalar.core.decision.decision import Decision
from scalar.core.decision.dyno_limits import learn_limits
from scalar.core.decision.formation_changes import (
    foreign_changes,
    note_by_hand,
    note_scaled,
)
from scalar.core.errors import AboveLimit, PlatformError, PlatformUnavailable
from scalar.core.event import Event, EventKind
from scalar.core.formation import Formation
from scalar.core.reason import Cause, Reason
from scalar.ports.account import Urgency
from scalar.ports.coordination import Lease
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.platform_calls import (
    note_failure,
    urgency_of,
    why_not_call,
)
from scalar.service.evaluate.platform_reads import read_formation
from scalar.service.parts import Parts


def act(parts: Parts, app: RegisteredApp, lease: Lease, seen: Evaluation) -> Evaluation:
    """Ask Heroku for the desired quantities, if any differs from the current.

    A refusal that names a limit is answered by asking for as many as are
    allowed, once. Every other failure holds the app.
    """
    if not seen.to_be_made:
        return seen
    if why := _why_not(parts, app, lease, seen):
        return seen.held(why)
    try:
        return _ask(parts, app, seen)
    except AboveLimit as exc:
        return _ask_within(parts, app, seen, exc)
    except PlatformError as exc:
        return _failed(parts, app, seen, exc)


def _why_not(
    parts: Parts, app: RegisteredApp, lease: Lease, seen: Evaluation
) -> Cause | None:
    """Return why nothing may be changed now; None if it may."""
    urgency = urgency_of(seen.to_be_made)
    if why := why_not_call(parts, app, seen.memory, urgency, parts.clock.now()):
        return why
    # If this process ends before `finish`, the next evaluation reads the formation
    # anew instead of believing the quantities of before the change.
    if not parts.coordinator.store(lease, doubtful(parts, app, seen)):
        return Cause(Reason.LEASE_LOST, "another evaluation has taken over")
    return None


def _ask_within(
    parts: Parts, app: RegisteredApp, seen: Evaluation, error: AboveLimit
) -> Evaluation:
    """Ask for as many dynos as a refusal allows.

    A limit must not scale down what somebody has scaled up meanwhile, so the
    formation is read first. If it is another than was thought, the next
    evaluation decides.
    """
    if not seen.formation_is_fresh:
        fresh = read_formation(parts, app, seen, Urgency.SCALE_UP, must=True)
        if fresh.hold is not seen.hold or _differs(seen, fresh):
            return replace(fresh, decisions=())
        seen = fresh
    seen = _within(seen, error)
    if not seen.to_be_made:
        return seen
    try:
        return _ask(parts, app, seen)
    except PlatformError as exc:
        return _failed(parts, app, seen, exc)


def _differs(before: Evaluation, after: Evaluation) -> bool:
    """Return whether a process type has other dynos than was thought."""
    return (before.memory.formation or {}) != (after.memory.formation or {})


def _ask(parts: Parts, app: RegisteredApp, seen: Evaluation) -> Evaluation:
    quantities = {d.process_type: d.desired or 0 for d in seen.to_be_made}
    known = seen.memory.formation or {}
    told = parts.platform.scale(app.name, quantities, app.heroku_key)
    # An answer may have a part of the rows only; the others are read again soon.
    formation = {**known, **told}
    at = parts.clock.now()
    foreign = foreign_changes(
        app, seen.memory.formation or {}, formation, at, ours=quantities
    )
    memory = replace(
        note_by_hand(seen.memory, foreign),
        formation=formation,
        read_at=seen.memory.read_at if known.keys() <= told.keys() else None,
        refusal=None,
    )
    ours = _events(app, seen.to_be_made, told, at)
    memory = note_scaled(memory, ours)
    events = (*seen.events, *ours, *foreign)
    return replace(seen, memory=memory, events=events, scaled=True)


def _within(seen: Evaluation, error: AboveLimit) -> Evaluation:
    """Return the evaluation with its decisions within a limit just learned."""
    formation = seen.memory.formation or {}
    learned = learn_limits(
        error.limit,
        per_process_type=error.per_process_type,
        message=str(error),
        formation=formation,
        decisions=seen.to_be_made,
    )
    limits = {**seen.memory.limits, **learned}
    return replace(
        seen,
        memory=replace(seen.memory, limits=limits),
        decisions=tuple(clamp_again(d, limits) for d in seen.decisions),
    )


def _failed(
    parts: Parts, app: RegisteredApp, seen: Evaluation, error: PlatformError
) -> Evaluation:
    """Hold the app after an error, and read the formation before the next try."""
    now = parts.clock.now()
    memory, why = note_failure(parts, app, seen.memory, error, now)
    asked: tuple[Event, ...] = ()
    if isinstance(error, PlatformUnavailable):
        asked = tuple(_events(app, seen.to_be_made, {}, now))
    return replace(seen, memory=memory.in_doubt(asked), hold=why)


def doubtful(parts: Parts, app: RegisteredApp, seen: Evaluation) -> Memory:
    """Return what to remember as long as it is not known how the change went."""
    asked = _events(app, seen.to_be_made, {}, parts.clock.now())
    return seen.memory.in_doubt(tuple(asked))


def _events(
    app: RegisteredApp,
    changes: Iterable[Decision],
    formation: Formation,
    at: datetime,
) -> list[Event]:
    return [
        Event(
            at=at,
            app=app.name,
            process_type=d.process_type,
            kind=EventKind.SCALED,
            reason=d.reason,
            from_quantity=d.current,
            to_quantity=(
                formation[d.process_type].quantity
                if d.process_type in formation
                else d.desired
            ),
            count=d.count,
            detail=d.cause.detail,
        )
        for d in changes
    ]

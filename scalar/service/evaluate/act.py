"""Carry out a decision: at most one PATCH, and a second one after a limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core.app_state import Memory
from scalar.core.decision.decide import clamp_again
from scalar.core.decision.decision import Decision
from scalar.core.decision.dyno_limits import learn_limits
from scalar.core.decision.formation_changes import (
    foreign_changes,
    note_by_hand,
    note_scaled,
)
from scalar.core.errors import AboveLimit, CallDenied, PlatformUnavailable
from scalar.core.event import Event, EventKind
from scalar.core.formation import Formation
from scalar.core.reason import Cause, Reason
from scalar.ports.coordination import Lease
from scalar.ports.platform import Platform, Urgency
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.heed_orders import heed_orders
from scalar.service.evaluate.platform_calls import (
    NotDone,
    attempt,
    read_formation,
    urgency_of,
)


def act(ctx: AppContext, lease: Lease, seen: Evaluation) -> Evaluation:
    """Ask for the desired quantities, if any differs from the current one.

    A refusal that names a limit is answered by asking for as many as are allowed,
    once. Any other failure holds the app.
    """
    if not seen.to_be_made:
        return seen
    done = _scale(ctx, lease, seen)
    if isinstance(done, NotDone) and isinstance(done.error, AboveLimit):
        return _scale_within(ctx, lease, seen, done.error)
    return _held(ctx, seen, done) if isinstance(done, NotDone) else done


def in_doubt(ctx: AppContext, seen: Evaluation) -> Memory:
    """Return what to remember until the outcome of the change is known."""
    return seen.memory.in_doubt(tuple(_events(ctx, seen.to_be_made, {}, ctx.now())))


def _scale_within(
    ctx: AppContext, lease: Lease, seen: Evaluation, error: AboveLimit
) -> Evaluation:
    """Ask for as many dynos as a refusal allows.

    A limit must not scale down what somebody has scaled up meanwhile, so the
    formation is read first. If it differs from the remembered one, the next
    evaluation decides.
    """
    if not seen.formation_is_fresh:
        fresh = read_formation(ctx, seen, Urgency.SCALE_UP, must=True)
        if fresh.hold is not seen.hold or fresh.formation != seen.formation:
            return replace(fresh, decisions=())
        seen = fresh
    seen = _within(ctx, seen, error)
    if not seen.to_be_made:
        return seen
    done = _scale(ctx, lease, seen)
    return _held(ctx, seen, done) if isinstance(done, NotDone) else done


def _scale(ctx: AppContext, lease: Lease, seen: Evaluation) -> Evaluation | NotDone:
    seen = heed_orders(ctx, seen)
    if not seen.to_be_made:
        return seen
    quantities = {d.process_type: d.desired or 0 for d in seen.to_be_made}
    urgency = urgency_of(seen.to_be_made)

    def scale(platform: Platform) -> Formation:
        # If this process dies before `finish`, the next evaluation reads the
        # formation anew instead of believing the quantities from before the change.
        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        return platform.scale(quantities, urgency)

    answer = attempt(ctx, seen.memory, scale)
    if isinstance(answer, NotDone):
        return answer
    return _scaled(ctx, seen, quantities, answer)


def _scaled(
    ctx: AppContext, seen: Evaluation, quantities: Mapping[str, int], answer: Formation
) -> Evaluation:
    known = seen.formation
    # An answer may have only some of the rows; the others are read again soon.
    formation = {**known, **answer}
    at = ctx.now()
    foreign = foreign_changes(ctx.app, known, formation, at, ours=quantities)
    memory = replace(
        note_by_hand(seen.memory, foreign, answer),
        formation=formation,
        read_at=seen.memory.read_at if known.keys() <= answer.keys() else None,
        refusal=None,
    )
    ours = _events(ctx, seen.to_be_made, answer, at)
    memory = note_scaled(memory, ours)
    events = (*seen.events, *ours, *foreign)
    return replace(seen, memory=memory, events=events, scaled=True)


def _within(ctx: AppContext, seen: Evaluation, error: AboveLimit) -> Evaluation:
    """Return the evaluation with its decisions within a limit just learned."""
    learned = learn_limits(
        error.limit,
        per_process_type=error.per_process_type,
        message=str(error),
        formation=seen.formation,
        decisions=seen.to_be_made,
    )
    limits = {**seen.memory.limits, **learned}
    return replace(
        seen,
        memory=replace(seen.memory, limits=limits),
        decisions=tuple(
            clamp_again(d, limits, ctx.platform.rules) for d in seen.decisions
        ),
    )


def _held(ctx: AppContext, seen: Evaluation, failed: NotDone) -> Evaluation:
    """Hold the app; after a failed call, read the formation before the next try."""
    if failed.error is None:
        return seen.held(failed.cause)
    asked: tuple[Event, ...] = ()
    if isinstance(failed.error, PlatformUnavailable):
        asked = tuple(_events(ctx, seen.to_be_made, {}, ctx.now()))
    return replace(seen, memory=failed.memory.in_doubt(asked), hold=failed.cause)


def _events(
    ctx: AppContext, changes: Iterable[Decision], formation: Formation, at: datetime
) -> list[Event]:
    return [
        decision.event(
            ctx.app.name,
            EventKind.SCALED,
            at,
            row.quantity if (row := formation.get(decision.process_type)) else None,
        )
        for decision in changes
    ]

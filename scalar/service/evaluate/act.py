"""Carry out a decision: one PATCH, and more only after a refusal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core.app_state import Memory
from scalar.core.decision.decide import clamp_again, hold
from scalar.core.decision.decision import Decision
from scalar.core.decision.dyno_limits import learn_limits
from scalar.core.decision.formation_changes import note_formation, note_scaled
from scalar.core.errors import AboveLimit, CallDenied, PlatformUnavailable
from scalar.core.event import Event, EventKind, event_id
from scalar.core.formation import Formation
from scalar.core.reason import Cause, Reason
from scalar.ports.coordination import Lease
from scalar.ports.platform import Platform
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.facts import facts_of
from scalar.service.evaluate.heed_orders import heed_orders
from scalar.service.evaluate.platform_calls import (
    NotDone,
    attempt,
    read_formation,
    refuse,
    urgency_of,
)

#: Seconds after an answer with counts in which dynos may be removed by it: a process
#: may be stopped for a while between two lines.
OLDEST_ANSWER = 10.0
#: Reasons of a refusal that may concern a single process type.
OF_ONE = frozenset(
    {Reason.APP_NOT_ON_HEROKU, Reason.HEROKU_REFUSED, Reason.HEROKU_LIMIT}
)


def act(ctx: AppContext, lease: Lease, seen: Evaluation) -> Evaluation:
    """Ask for the desired quantities, if any differs from the current one.

    A refusal that names a limit is answered by asking for as many as are allowed,
    once; one that concerns a single process type, by changing the others. Any other
    failure holds the app.
    """
    if not seen.to_be_made:
        return seen
    done = _scale(ctx, lease, seen)
    if isinstance(done, NotDone) and isinstance(done.error, AboveLimit):
        seen = seen if seen.formation_is_fresh else _look_again(ctx, seen)
        seen = _within(ctx, seen, done.error)
        if not seen.to_be_made:
            return seen
        done = _scale(ctx, lease, seen)
    if isinstance(done, NotDone) and _may_concern_one(done):
        return _scale_each(ctx, lease, _look_again(ctx, seen), seen, done)
    return _held(ctx, seen, done) if isinstance(done, NotDone) else done


def in_doubt(ctx: AppContext, seen: Evaluation) -> Memory:
    """Return what to remember until the outcome of the change is known."""
    return seen.memory.in_doubt(tuple(_events(ctx, seen, {}, ctx.now())))


def _may_concern_one(failed: NotDone) -> bool:
    """Return whether a refusal may concern only some of the process types.

    Heroku refuses a whole PATCH if one of its process types is gone or not accepted.
    """
    return failed.error is not None and failed.cause.reason in OF_ONE


def _look_again(ctx: AppContext, seen: Evaluation) -> Evaluation:
    """Return the evaluation with only what the current formation allows.

    A process type that it lacks is held. One whose quantity differs from the one that
    was decided on is left to the next evaluation. If the formation cannot be read,
    the app is held.
    """
    urgency = urgency_of(seen.to_be_made)
    before = replace(seen, formation_is_fresh=False)
    seen = read_formation(ctx, before, urgency, must=True)
    if not seen.formation_is_fresh:
        return replace(seen, decisions=())
    known = seen.formation
    gone = Cause(Reason.NOT_IN_FORMATION, "the formation has lost it meanwhile")
    return replace(
        seen,
        decisions=tuple(
            hold(d.process_type, None, gone) if d.process_type not in known else d
            for d in seen.decisions
            if d.process_type not in known
            or d.current == known[d.process_type].quantity
        ),
    )


def _scale_each(
    ctx: AppContext, lease: Lease, seen: Evaluation, refused: Evaluation, why: NotDone
) -> Evaluation:
    """Change the process types one by one; hold those that are refused.

    A refusal is remembered for its process type, in the platform's words. What was
    `refused` is not asked for again if it is a single change.
    """
    waiting = list(seen.to_be_made)
    done: Evaluation | NotDone
    while waiting:
        decision = waiting.pop(0)
        one = replace(seen, decisions=(decision,))
        done = why if refused.to_be_made == (decision,) else _scale(ctx, lease, one)
        if not isinstance(done, NotDone):
            if done.is_outdated:
                return done
            now = {d.process_type: d for d in done.decisions}
            decisions = tuple(now.get(d.process_type, d) for d in seen.decisions)
            seen = replace(done, decisions=decisions)
        elif _may_concern_one(done):
            seen = _refused(ctx, seen, decision.process_type, done.cause)
        else:
            failed = _held(ctx, one, done)
            held = _without(seen.decisions, (decision, *waiting), done.cause)
            return replace(failed, decisions=held)
    return seen


def _refused(
    ctx: AppContext, seen: Evaluation, process_type: str, cause: Cause
) -> Evaluation:
    before = seen.memory.refusals
    refusal = refuse(ctx, before.get(process_type), cause)
    refusals = {**before, process_type: refusal}
    unmade = [d for d in seen.decisions if d.process_type == process_type]
    return replace(
        seen,
        memory=replace(seen.memory, refusals=refusals),
        decisions=_without(seen.decisions, unmade, cause),
    )


def _without(
    decisions: Iterable[Decision], unmade: Collection[Decision], why: Cause
) -> tuple[Decision, ...]:
    return tuple(replace(d, hold=why) if d in unmade else d for d in decisions)


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
        _check_age(ctx, seen)
        return platform.scale(quantities, urgency)

    answer = attempt(ctx, seen.memory, scale)
    if isinstance(answer, NotDone):
        return answer
    return _scaled(ctx, seen, quantities, answer)


def _check_age(ctx: AppContext, seen: Evaluation) -> None:
    """Raise `CallDenied` if dynos would be removed by an answer of long ago."""
    if seen.counted_at is None or all(d.is_up for d in seen.to_be_made):
        return
    age = (ctx.now() - seen.counted_at).total_seconds()
    if not 0 <= age <= OLDEST_ANSWER:
        why = f"the counts are {age:.0f} s old; the next evaluation reads them again"
        raise CallDenied(Cause(Reason.ANSWER_TOO_OLD, why))


def _scaled(
    ctx: AppContext, seen: Evaluation, quantities: Mapping[str, int], answer: Formation
) -> Evaluation:
    before, at = seen.memory, ctx.now()
    known = seen.formation
    ours = _events(ctx, seen, answer, at)
    # An answer may have only some of the rows. Our own changes are no news; the other
    # rows may show somebody else's.
    asked = {name: replace(known[name], quantity=n) for name, n in quantities.items()}
    ours_now = {name: answer.get(name, row) for name, row in asked.items()}
    pending = tuple(
        event
        for event in before.unconfirmed
        if quantities.get(event.process_type or "") != event.to_quantity
    )
    memory, others = note_formation(
        replace(before, formation={**known, **ours_now}, unconfirmed=pending),
        ctx.app.name,
        {**known, **asked, **answer},
        at,
    )
    read_at = before.read_at if quantities.keys() <= answer.keys() else None
    memory = replace(
        note_scaled(memory, ours),
        read_at=at if known.keys() <= answer.keys() else read_at,
        doubtful=before.doubtful,
        refusal=None,
        refusals={k: v for k, v in before.refusals.items() if k not in quantities},
    )
    events = (*seen.events, *ours, *others)
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
        asked = tuple(_events(ctx, seen, {}, ctx.now()))
    return replace(seen, memory=failed.memory.in_doubt(asked), hold=failed.cause)


def _events(
    ctx: AppContext, seen: Evaluation, formation: Formation, at: datetime
) -> list[Event]:
    """Return the events of the changes, with the same ids however often it is asked."""
    return [
        replace(
            decision.event(
                ctx.app.name,
                EventKind.SCALED,
                at,
                row.quantity if (row := formation.get(decision.process_type)) else None,
                facts_of(ctx, seen, decision),
            ),
            id=event_id(ctx.token, decision.process_type),
        )
        for decision in seen.to_be_made
    ]

"""Leave an app alone that a person has put into maintenance mode.

Only the platform's answer for the app tells that, so it is asked for where it
decides: before dynos are started where somebody else has stopped them, and before
any are added without a count.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scalar.core.app_state import NOTHING, Memory, Stopped
from scalar.core.decision.decide import hold
from scalar.core.decision.decision import Decision
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.platform_calls import NotDone, attempt

#: For this time an app that is in maintenance mode is not asked for again.
ASKED_EVERY = timedelta(seconds=60)


def leave_alone_in_maintenance(ctx: AppContext, seen: Evaluation) -> Evaluation:
    """Return the evaluation, held if the app is in maintenance mode.

    If the platform cannot be asked, the changes that depend on it are not made.
    """
    asking = {
        d.process_type for d in seen.to_be_made if _may_be_switched_off(d, seen.memory)
    }
    known = seen.memory.maintenance_at
    if known and seen.to_be_made and timedelta(0) <= ctx.now() - known < ASKED_EVERY:
        return _held(seen)
    if not asking or not ctx.platform.rules.tells_maintenance:
        return seen
    found = attempt(
        ctx, seen.memory, lambda platform: platform.describe(Urgency.SCALE_UP)
    )
    if isinstance(found, NotDone):
        others = [d for d in seen.to_be_made if d.process_type not in asking]
        return replace(
            seen,
            memory=found.memory,
            hold=seen.hold if others else found.cause,
            decisions=tuple(_without(d, asking, found.cause) for d in seen.decisions),
        )
    at = ctx.now() if found.maintenance else None
    seen = replace(seen, memory=replace(seen.memory, maintenance_at=at))
    return _held(seen) if found.maintenance else seen


def _may_be_switched_off(decision: Decision, memory: Memory) -> bool:
    past = memory.pasts.get(decision.process_type, NOTHING)
    starts = decision.current == 0 and past.stopped is not Stopped.BY_US
    return starts or decision.count is None


def _without(decision: Decision, asking: set[str], cause: Cause) -> Decision:
    if decision.process_type not in asking:
        return decision
    return hold(decision.process_type, decision.current, cause)


def _held(seen: Evaluation) -> Evaluation:
    why = "the app is in maintenance mode: heroku maintenance:off ends it"
    return replace(seen, decisions=(), hold=Cause(Reason.MAINTENANCE, why))

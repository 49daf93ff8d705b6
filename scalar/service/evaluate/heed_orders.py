"""Hear what people have ordered since the app's row was read.

A worker reads the row of an app when its message names a newer revision. The message
may be as old as the queue is long, so before each change the revision of now is asked
for, and with it the pause of all apps: one query for a change, none at rest.
"""

from __future__ import annotations

from dataclasses import replace

from scalar.core.decision.decide import hold
from scalar.core.decision.decision import Decision, Step
from scalar.core.errors import RegistryError
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.reason import Cause, Reason
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.identity import IdentifiedPlatform


def heed_orders(ctx: AppContext, seen: Evaluation) -> Evaluation:
    """Return the evaluation with the changes that the row of now lets through.

    If the row was changed, nothing is: it has to be decided anew. While the database
    is away, dynos are added by what is known, and none is removed.
    """
    try:
        now = ctx.parts.apps.orders(ctx.app.id)
    except RegistryError as exc:
        why = f"whether somebody has ordered otherwise is not known: {exc}"
        cause = Cause(Reason.REGISTRY_UNAVAILABLE, why)
        return replace(
            seen, decisions=tuple(_unless_down(d, cause) for d in seen.decisions)
        )
    if now.revision == ctx.app.revision or _is_our_own(ctx, now.revision):
        return _unless_paused(ctx, seen, now.pause)
    what = "was changed" if now.revision else "was removed"
    changed = Cause(Reason.APP_CHANGED, f"{ctx.app.name} {what} during the evaluation")
    return replace(seen, decisions=(), hold=changed)


def _is_our_own(ctx: AppContext, revision: int | None) -> bool:
    """Return whether this evaluation has changed the row, and nothing it rests on."""
    if not isinstance(ctx.platform, IdentifiedPlatform):
        return False
    now, before = ctx.platform.app, ctx.app
    same = (now.policies, now.address, now.heroku_key) == (
        *(before.policies, before.address, before.heroku_key),
    )
    return same and now.revision == revision


def _unless_paused(
    ctx: AppContext, seen: Evaluation, pause: FleetPause | None
) -> Evaluation:
    """Return the evaluation without the changes that a pause of all apps forbids."""
    if pause is None or not pause.holds_at(ctx.now()):
        return seen
    why = str(pause)
    return replace(
        seen,
        decisions=tuple(
            replace(d, trail=(*d.trail, Step(d.current or 0, Reason.PAUSED, why)))
            if d.is_to_be_made and pause.forbids(is_up=d.is_up)
            else d
            for d in seen.decisions
        ),
    )


def _unless_down(decision: Decision, cause: Cause) -> Decision:
    if decision.is_to_be_made and not decision.is_up:
        return hold(decision.process_type, decision.current, cause)
    return decision

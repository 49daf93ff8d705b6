"""Quiesce dynos before they are removed, so that none is stopped with a job.

A dyno that was idle when the app answered may take a job before the platform stops
it. An app that tells which dynos are busy is therefore asked again, with the number
of dynos that will be kept: its agent lets the others take no more jobs, and answers
after that. Dynos that are busy then stay.

Where the platform does not say which dynos go, none is kept for sure: all workers of
the process type are quiesced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scalar.core.decision.decision import Decision, Step
from scalar.core.platform_rules import Removal
from scalar.core.reason import Reason
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.heed_orders import heed_orders
from scalar.service.evaluate.observe import observe


def quiesce(ctx: AppContext, seen: Evaluation) -> Evaluation:
    """Return the evaluation to carry out: the same one if it removes no dyno.

    Only dynos that were quiesced are removed now; if even fewer are wanted by then,
    the next evaluation removes them. A process type whose busy dynos the second
    answer leaves out loses none.
    """
    if not _to_keep(ctx, seen):
        return seen
    # A worker that takes no more jobs and then stays would be idle.
    seen = heed_orders(ctx, seen)
    keep = _to_keep(ctx, seen)
    if not keep:
        return seen
    again = observe(ctx, seen.memory, keep=keep)
    silent = keep.keys() - again.reports_busy
    fewest = {
        d.process_type: d.desired or 0
        for d in seen.to_be_made
        if d.process_type not in silent
    }
    return replace(
        again,
        decisions=tuple(_at_least(d, fewest) for d in again.decisions),
        events=(*seen.events, *again.events),
        formation_is_fresh=seen.formation_is_fresh or again.formation_is_fresh,
        quiesced=frozenset(keep),
    )


def _to_keep(ctx: AppContext, seen: Evaluation) -> dict[str, int]:
    """Return up to which number dynos are kept where some are removed."""
    return {
        decision.process_type: _kept_for_sure(ctx, seen, decision)
        for decision in seen.to_be_made
        if not decision.is_up and decision.process_type in seen.reports_busy
    }


def _kept_for_sure(ctx: AppContext, seen: Evaluation, decision: Decision) -> int:
    size = seen.formation[decision.process_type].size
    any_may_go = ctx.platform.rules.of_size(size).removal is Removal.UNKNOWN
    return 0 if any_may_go else decision.desired or 0


def _at_least(decision: Decision, fewest: Mapping[str, int]) -> Decision:
    """Return the decision without the removals that were not announced."""
    current = decision.current or 0
    least = min(fewest.get(decision.process_type, current), current)
    if decision.hold or (decision.desired or 0) >= least:
        return decision
    why = f"no more than {current - least} were quiesced"
    step = Step(least, Reason.BUSY_DYNOS, why)
    return replace(decision, trail=(*decision.trail, step))

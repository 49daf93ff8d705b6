"""Look once more before dynos are removed that may take a job meanwhile.

A dyno that was idle when the app answered may take a job before Heroku tells it
to stop. An app that tells which dynos are busy is asked again, with the number
of dynos that will be kept: its agent lets the others take no more jobs, and
answers after that. What it then finds busy stays.
"""

from __future__ import annotations

from dataclasses import replace

from scalar.core.app import RegisteredApp
from scalar.core.decision.decision import Decision, Step
from scalar.core.reason import Reason
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.observe import gather
from scalar.service.parts import Parts


def look_again_before_removal(
    parts: Parts, app: RegisteredApp, seen: Evaluation
) -> Evaluation:
    """Return the evaluation to carry out: the same one if it removes no dyno.

    Dynos that were not made quiet are not removed now, even if fewer are wanted
    by now; the next poll does. Nor are any of which the app speaks no more.
    """
    keep = {
        decision.process_type: decision.desired or 0
        for decision in seen.to_be_made
        if not decision.is_up and decision.process_type in seen.tells_busy
    }
    if not keep:
        return seen
    again = gather(parts, app, seen.memory, keep=keep)
    silent = keep.keys() - again.tells_busy
    quiet = {
        d.process_type: d.desired or 0
        for d in seen.to_be_made
        if d.process_type not in silent
    }
    return replace(
        again,
        decisions=tuple(_no_fewer(d, quiet) for d in again.decisions),
        events=(*seen.events, *again.events),
        formation_is_fresh=seen.formation_is_fresh or again.formation_is_fresh,
    )


def _no_fewer(decision: Decision, quiet: dict[str, int]) -> Decision:
    """Return the decision with as many dynos as were not made quiet."""
    current = decision.current or 0
    fewest = min(quiet.get(decision.process_type, current), current)
    if decision.hold or (decision.desired or 0) >= fewest:
        return decision
    why = f"no more than {current - fewest} were asked to take no more jobs"
    step = Step(fewest, Reason.BUSY_DYNOS, why)
    return replace(decision, trail=(*decision.trail, step))

"""What an evaluation knew when it decided, for the events that it records."""

from __future__ import annotations

from scalar.core.app_state import NOTHING
from scalar.core.decision.decision import Decision
from scalar.core.decision.facts import Known, facts_of_decision
from scalar.core.policy.policy import Policy
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation


def facts_of(ctx: AppContext, seen: Evaluation, decision: Decision) -> str:
    """Return the facts of one of the evaluation's decisions, without secrets."""
    name, memory = decision.process_type, seen.memory
    policy = ctx.policy(name)
    known = Known(
        at=ctx.now(),
        reading=seen.readings.get(name),
        answered_in=seen.answered_in,
        row=seen.formation.get(name),
        read_at=memory.read_at,
        released_at=memory.released_at,
        calls_left=ctx.platform.calls_left,
        quiesced=name in seen.quiesced,
        past=memory.pasts.get(name, NOTHING),
    )
    return facts_of_decision(
        decision,
        known,
        policy if isinstance(policy, Policy) else None,
        ctx.parts.policies.settings(ctx.app, name),
        ctx.redact,
    )

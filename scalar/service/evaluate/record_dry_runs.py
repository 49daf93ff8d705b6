"""Record what a dry run would have done: once per new quantity, not at each poll."""

from __future__ import annotations

import logging
from dataclasses import replace

from scalar.core import logfmt
from scalar.core.app_state import NOTHING, Memory
from scalar.core.event import Event, EventKind
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.facts import facts_of

log = logging.getLogger("scalar.evaluation")


def record_dry_runs(
    ctx: AppContext, done: Evaluation, memory: Memory
) -> tuple[Memory, tuple[Event, ...]]:
    """Log quantities that are new; return the memory with them, and their events."""
    pasts = dict(memory.pasts)
    events: list[Event] = []
    for decision in done.decisions:
        if decision.hold:
            continue
        name = decision.process_type
        past = pasts.get(name, NOTHING)
        wanted = decision.desired if decision.changes and decision.dry_run else None
        if wanted == past.told:
            continue
        pasts[name] = replace(past, told=wanted)
        if wanted is None:
            continue
        log.info(
            logfmt.line(
                "scale.dry_run",
                app=ctx.app.name,
                process_type=name,
                current=decision.current,
                desired=wanted,
                reason=decision.reason,
                count=decision.count,
                trail=decision.in_short,
            )
        )
        facts = facts_of(ctx, done, decision)
        event = decision.event(ctx.app.name, EventKind.DRY_RUN, ctx.now(), facts=facts)
        events.append(event)
    if pasts != memory.pasts:
        memory = replace(memory, pasts=pasts)
    return memory, tuple(events)

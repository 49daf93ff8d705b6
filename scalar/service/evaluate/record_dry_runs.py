"""Tell what a dry run would have done: once for each new wish, not at each poll."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from scalar.core import logfmt
from scalar.core.app import RegisteredApp
from scalar.core.app_state import NOTHING, Memory
from scalar.core.event import Event, EventKind
from scalar.service.evaluate.evaluation import Evaluation

log = logging.getLogger("scalar.evaluation")


def tell_dry_runs(
    app: RegisteredApp, done: Evaluation, memory: Memory, at: datetime
) -> tuple[Memory, tuple[Event, ...]]:
    """Log new wishes; return the memory that knows them, and their events."""
    pasts = dict(memory.pasts)
    events: list[Event] = []
    for d in done.decisions:
        if d.hold:
            continue
        past = pasts.get(d.process_type, NOTHING)
        wish = d.desired if d.changes and d.dry_run else None
        if wish == past.told:
            continue
        pasts[d.process_type] = replace(past, told=wish)
        if wish is None:
            continue
        log.info(
            logfmt.line(
                "scale.dry_run",
                app=app.name,
                process_type=d.process_type,
                current=d.current,
                desired=wish,
                reason=d.reason,
                count=d.count,
            )
        )
        events.append(
            Event(
                at=at,
                app=app.name,
                process_type=d.process_type,
                kind=EventKind.DRY_RUN,
                reason=d.reason,
                from_quantity=d.current,
                to_quantity=wish,
                count=d.count,
                detail=d.cause.detail,
            )
        )
    if pasts != memory.pasts:
        memory = replace(memory, pasts=pasts)
    return memory, tuple(events)

"""Recall from the journal what Redis may have lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scalar.core.decision.formation_changes import note_by_hand, note_stopped
from scalar.core.errors import RegistryError
from scalar.core.event import Event, EventKind
from scalar.core.reason import Cause, Reason
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation

#: How much a Redis that fails over, or starts again from disk, may have lost.
LOST_AT_MOST = timedelta(minutes=5)
#: Events of an app that are searched for a manual change.
MOST_EVENTS = 200


def recall_manual_changes(
    ctx: AppContext, seen: Evaluation, *, needed: bool
) -> Evaluation:
    """Begin to remember an app; if needed, with recent manual changes.

    What Redis has lost must not end the protection of a manual change. If the
    journal cannot be read, the app is held.
    """
    memory = replace(seen.memory, since=ctx.now())
    if not needed:
        return replace(seen, memory=memory)
    recent = ctx.parts.journal.recent
    try:
        by_hand = recent(ctx.app.name, MOST_EVENTS, EventKind.CHANGED_ELSEWHERE)
        ours = recent(ctx.app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError as exc:
        why = f"whether somebody changed the dynos by hand is not known: {exc}"
        return seen.held(Cause(Reason.JOURNAL_UNAVAILABLE, why))
    memory = note_by_hand(memory, reversed(by_hand))
    in_order = sorted((*reversed(by_hand), *reversed(ours)), key=lambda e: e.at)
    return replace(seen, memory=note_stopped(memory, in_order))


def recorded_changes(ctx: AppContext, now: datetime) -> tuple[Event, ...]:
    """Return our latest changes that a Redis which failed over may have lost."""
    try:
        events = ctx.parts.journal.recent(ctx.app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError:
        return ()
    latest: dict[str | None, Event] = {}
    for event in events:  # the latest first
        if now - event.at < LOST_AT_MOST:
            latest.setdefault(event.process_type, event)
    return tuple(latest.values())


def scaled_before(ctx: AppContext) -> frozenset[str]:
    """Return the process types that the journal has a change of."""
    try:
        events = ctx.parts.journal.recent(ctx.app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError:
        return frozenset()
    return frozenset(event.process_type for event in events if event.process_type)

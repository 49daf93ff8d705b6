"""Recall from the journal what Redis may have lost."""

from __future__ import annotations

from dataclasses import replace

from scalar.core.decision.formation_changes import note_by_hand, note_stopped
from scalar.core.errors import RegistryError
from scalar.core.event import EventKind
from scalar.core.reason import Cause, Reason
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation

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


def scaled_before(ctx: AppContext) -> frozenset[str]:
    """Return the process types that the journal has a change of."""
    try:
        events = ctx.parts.journal.recent(ctx.app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError:
        return frozenset()
    return frozenset(event.process_type for event in events if event.process_type)

"""Recall from the journal what Redis may have lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.decision.formation_changes import note_by_hand
from scalar.core.errors import RegistryError
from scalar.core.event import EventKind
from scalar.core.reason import Cause, Reason
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.parts import Parts

#: Events of an app that are looked through for a person's change.
MOST_EVENTS = 200


def recall_from_journal(
    parts: Parts, app: RegisteredApp, seen: Evaluation, now: datetime, *, needed: bool
) -> Evaluation:
    """Begin to remember an app; if needed, with what persons changed lately.

    What Redis has lost must not end a person's lease. If the journal cannot
    tell, the app is held.
    """
    memory = replace(seen.memory, since=now)
    if not needed:
        return replace(seen, memory=memory)
    try:
        by_hand = parts.journal.recent(
            app.name, MOST_EVENTS, EventKind.CHANGED_ELSEWHERE
        )
    except RegistryError as exc:
        why = f"whether somebody changed the dynos by hand is not known: {exc}"
        return seen.held(Cause(Reason.JOURNAL_UNAVAILABLE, why))
    return replace(seen, memory=note_by_hand(memory, reversed(by_hand)))


def scaled_before(parts: Parts, app: RegisteredApp) -> frozenset[str]:
    """Return the process types of an app that the journal has a change of."""
    try:
        events = parts.journal.recent(app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError:
        return frozenset()
    return frozenset(event.process_type for event in events if event.process_type)

"""Changes of a formation, by somebody else and by us: notice, remember."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from scalar.errors import RegistryError
from scalar.model import (
    NOTHING,
    Event,
    EventKind,
    Formation,
    Memory,
    Reason,
    Step,
)
from scalar.ports import RegisteredApp
from scalar.service.evaluation import Evaluation
from scalar.service.parts import Parts

#: Events of an app that are looked through for a person's change.
MOST_EVENTS = 200


def foreign_changes(
    app: RegisteredApp,
    before: Formation,
    after: Formation,
    at: datetime,
    *,
    ours: Collection[str] = (),
) -> tuple[Event, ...]:
    """Return an event for each quantity that somebody else has changed.

    Args:
        app: Whose formation it is.
        before: As it was last heard of.
        after: As it is.
        at: When that was noticed.
        ours: Process types that we have just changed ourselves.
    """
    return tuple(
        Event(
            at=at,
            app=app.name,
            process_type=name,
            kind=EventKind.CHANGED_ELSEWHERE,
            reason=Reason.CHANGED_ELSEWHERE,
            from_quantity=before[name].quantity,
            to_quantity=row.quantity,
            detail="not by this program",
        )
        for name, row in after.items()
        if name in before and name not in ours and before[name].quantity != row.quantity
    )


def note_by_hand(memory: Memory, changes: Iterable[Event]) -> Memory:
    """Return the memory that knows when each of these changes was noticed."""
    pasts = dict(memory.pasts)
    for event in changes:
        name = event.process_type or ""
        pasts[name] = replace(pasts.get(name, NOTHING), changed_by_hand_at=event.at)
    return replace(memory, pasts=pasts)


def note_scaled(memory: Memory, changes: Iterable[Event]) -> Memory:
    """Return the memory that knows when we scaled each process type last."""
    pasts = dict(memory.pasts)
    for event in changes:
        name = event.process_type or ""
        up = (event.to_quantity or 0) > (event.from_quantity or 0)
        past = pasts.get(name, NOTHING)
        pasts[name] = (
            replace(past, scaled_up_at=event.at)
            if up
            else replace(past, scaled_down_at=event.at)
        )
    return replace(memory, pasts=pasts)


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
        return seen.held(Step(0, Reason.JOURNAL_UNAVAILABLE, why))
    return replace(seen, memory=note_by_hand(memory, reversed(by_hand)))


def scaled_before(parts: Parts, app: RegisteredApp) -> frozenset[str]:
    """Return the process types of an app that the journal has a change of."""
    try:
        events = parts.journal.recent(app.name, MOST_EVENTS, EventKind.SCALED)
    except RegistryError:
        return frozenset()
    return frozenset(event.process_type for event in events if event.process_type)

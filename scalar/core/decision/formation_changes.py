"""Detect changes of a formation, ours and others', and remember them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import NOTHING, Memory
from scalar.core.event import Event, EventKind
from scalar.core.formation import Formation
from scalar.core.reason import Reason


def foreign_changes(
    app: RegisteredApp,
    before: Formation,
    after: Formation,
    at: datetime,
    *,
    ours: Collection[str] = (),
) -> tuple[Event, ...]:
    """Return an event for each quantity that somebody else changed.

    Args:
        app: The app.
        before: The formation as last known.
        after: The formation now.
        at: When the difference was noticed.
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
    """Return the memory with the time of each manual change."""
    pasts = dict(memory.pasts)
    for event in changes:
        name = event.process_type or ""
        pasts[name] = replace(pasts.get(name, NOTHING), changed_by_hand_at=event.at)
    return replace(memory, pasts=pasts)


def note_scaled(memory: Memory, changes: Iterable[Event]) -> Memory:
    """Return the memory with the time of each change of ours."""
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

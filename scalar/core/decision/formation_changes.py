"""Detect changes of a formation, ours and others', and remember them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import NOTHING, Memory, Stopped
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


def note_by_hand(
    memory: Memory, changes: Iterable[Event], after: Formation | None = None
) -> Memory:
    """Return the memory with the time of each manual change.

    Args:
        memory: What is remembered.
        changes: The manual changes, in their order.
        after: The formation that shows them; None if it is not known any more.
    """
    pasts = dict(memory.pasts)
    for event in changes:
        name = event.process_type or ""
        row = (after or {}).get(name)
        pasts[name] = replace(
            pasts.get(name, NOTHING),
            changed_by_hand_at=event.at,
            made_by_hand_at=row.changed_at if row else None,
            lease_is_sure=False,
            stopped=Stopped.BY_HAND,
        )
    return replace(memory, pasts=pasts)


def note_scaled(memory: Memory, changes: Iterable[Event]) -> Memory:
    """Return the memory with the time of each change of ours."""
    pasts = dict(memory.pasts)
    for event in changes:
        name = event.process_type or ""
        up = (event.to_quantity or 0) > (event.from_quantity or 0)
        past = replace(pasts.get(name, NOTHING), stopped=_stopped(event))
        pasts[name] = (
            replace(past, scaled_up_at=event.at)
            if up
            else replace(past, scaled_down_at=event.at)
        )
    return replace(memory, pasts=pasts)


def note_stopped(memory: Memory, events: Iterable[Event]) -> Memory:
    """Return the memory with who stopped what, from the journal's newest events.

    Args:
        memory: What is remembered.
        events: Changes of quantities, ours and others', in their order.
    """
    pasts = dict(memory.pasts)
    for event in events:
        name = event.process_type or ""
        pasts[name] = replace(pasts.get(name, NOTHING), stopped=_stopped(event))
    return replace(memory, pasts=pasts)


def _stopped(event: Event) -> Stopped:
    """Return who is to answer for it if there is no dyno after this change.

    If the change left one, somebody else has stopped it since.
    """
    ours = event.kind is EventKind.SCALED and event.to_quantity == 0
    return Stopped.BY_US if ours else Stopped.BY_HAND

"""Compare a formation with what is remembered: whose changes are these?

A quantity that differs from the remembered one is ours if we asked for it and never
learned the outcome; otherwise somebody else changed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from scalar.core.app_state import (
    ABSENT_FOR,
    ASKED_FOR,
    NOTHING,
    Absent,
    Memory,
    Past,
    Stopped,
)
from scalar.core.event import Event, EventKind
from scalar.core.formation import Formation, ProcessType
from scalar.core.reason import Reason


def note_formation(
    memory: Memory,
    app: str,
    formation: Formation,
    at: datetime,
    recorded: Sequence[Event] = (),
) -> tuple[Memory, tuple[Event, ...]]:
    """Return the memory with this formation, and an event for each new change.

    Args:
        memory: What is remembered. Its `unconfirmed` changes become events once their
            quantity is seen.
        app: The app's name, for the events.
        formation: Every row of the formation, as the platform has it now.
        at: The time (aware, UTC).
        recorded: Changes of ours that the journal has; a doubtful memory may have
            lost them.
    """
    before = _last_rows(memory)
    changed = {
        name: row.quantity
        for name, row in formation.items()
        if name in before and before[name].quantity != row.quantity
    }
    asked = {
        (event.process_type or "", event.to_quantity): event
        for event in (*recorded, *memory.unconfirmed)
        if at - event.at < ASKED_FOR
    }
    made = tuple(
        replace(event, from_quantity=before[name].quantity)
        if name in changed
        else event
        for (name, quantity), event in asked.items()
        if name in formation and formation[name].quantity == quantity
    )
    ours = {event.process_type for event in made}
    foreign = tuple(
        _changed_elsewhere(app, name, before[name].quantity, quantity, at)
        for name, quantity in changed.items()
        if name not in ours
    )
    confirmed = {(event.process_type or "", event.to_quantity) for event in made}
    memory = replace(
        memory,
        formation=formation,
        absent=_absent(memory, formation, at),
        unconfirmed=tuple(
            event
            for key, event in asked.items()
            if key not in confirmed and event not in recorded
        ),
        pasts=_sound_pasts(memory, changed.keys()),
        doubtful=False,
    )
    known = {(event.process_type, event.to_quantity) for event in recorded}
    new = (e for e in made if (e.process_type, e.to_quantity) not in known)
    memory = note_scaled(note_by_hand(memory, foreign, formation), made)
    return memory, (*new, *foreign)


def _sound_pasts(memory: Memory, changed: AbstractSet[str]) -> Mapping[str, Past]:
    """Return the pasts, of a doubtful memory without what a loss may have cut short.

    The quantity that was found counts as the first recommendation, as after a loss of
    everything.
    """
    if not memory.doubtful:
        return memory.pasts
    pasts = dict(memory.pasts)
    for name in changed & pasts.keys():
        pasts[name] = replace(
            pasts[name], recommended_up=(), recommended_down=(), drained=None
        )
    return pasts


def _last_rows(memory: Memory) -> dict[str, ProcessType]:
    """Return the last known row of each process type, also of those left out."""
    absent = {name: gone.row for name, gone in memory.absent.items()}
    return {**absent, **(memory.formation or {})}


def _absent(memory: Memory, formation: Formation, at: datetime) -> Mapping[str, Absent]:
    """Return the process types that are remembered and left out by the formation."""
    left_out = {
        name: memory.absent.get(name, Absent(row, at))
        for name, row in _last_rows(memory).items()
        if name not in formation
    }
    return {
        name: gone for name, gone in left_out.items() if at - gone.since < ABSENT_FOR
    }


def _changed_elsewhere(
    app: str, process_type: str, before: int, after: int, at: datetime
) -> Event:
    return Event(
        at=at,
        app=app,
        process_type=process_type,
        kind=EventKind.CHANGED_ELSEWHERE,
        reason=Reason.CHANGED_ELSEWHERE,
        from_quantity=before,
        to_quantity=after,
        detail="not by this program",
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

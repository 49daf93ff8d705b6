"""What the journal records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from scalar.core.reading import Count
from scalar.core.reason import Reason


class EventKind(StrEnum):
    """The kind of an event."""

    SCALED = "scaled"
    DRY_RUN = "dry_run"
    HELD = "held"
    RESUMED = "resumed"
    CHANGED_ELSEWHERE = "changed_elsewhere"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal.

    Attributes:
        at: When (aware, UTC).
        app: The app's name.
        process_type: None for the whole app.
        kind: What happened.
        from_quantity: Dynos before; None if none changed.
        to_quantity: Dynos after.
        count: The count it is based on; None if unknown.
        reason: Why.
        detail: Details for people, in a sentence.
        id: Identifies what happened. Two evaluations that record the same change
            give it the same id, and the journal keeps the first; empty for events
            of versions without ids.
    """

    at: datetime
    app: str
    process_type: str | None
    kind: EventKind
    reason: Reason
    from_quantity: int | None = None
    to_quantity: int | None = None
    count: Count | None = None
    detail: str = ""
    id: str = ""


def event_id(*facts: object) -> str:
    """Return the id of an event that these facts identify."""
    return blake2b(
        repr([str(fact) for fact in facts]).encode(), digest_size=16
    ).hexdigest()


def identified(event: Event) -> Event:
    """Return the event with an id; one made of its content if it has none."""
    if event.id:
        return event
    facts = (event.app, event.process_type, event.kind, event.at)
    return replace(event, id=event_id(*facts, event.from_quantity, event.to_quantity))

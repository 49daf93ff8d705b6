"""What the journal records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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

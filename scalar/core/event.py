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
    # what people order with the commands
    REGISTERED = "registered"
    REMOVED = "removed"
    MOVED = "moved"
    KEY_CHANGED = "key_changed"
    POLICY_CHANGED = "policy_changed"
    PAUSED = "paused"
    UNPAUSED = "unpaused"


#: Stands for the app's name in an event that concerns all apps.
ALL_APPS = "*"


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
        facts: All that explains it, as compact JSON (`decision/facts.py`); empty for
            events of versions without facts.
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
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which events are sought; None for all.

    Attributes:
        apps: Names of apps, and `ALL_APPS` for what concerns all of them.
        process_types: Names of process types.
        kinds: Kinds of events.
        since: Not before this time (aware).
        until: Before this time (aware).
        id: How their id begins; empty for all.
    """

    apps: frozenset[str] | None = None
    process_types: frozenset[str] | None = None
    kinds: frozenset[EventKind] | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str = ""

    def matches(self, event: Event) -> bool:
        """Return whether an event is sought."""
        return (
            (self.apps is None or event.app in self.apps)
            and (self.process_types is None or event.process_type in self.process_types)
            and (self.kinds is None or event.kind in self.kinds)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
            and event.id.startswith(self.id)
        )


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

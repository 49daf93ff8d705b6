"""The journal in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Insert, RowMapping, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from scalar.adapters.sql.engine import translate_errors
from scalar.adapters.sql.tables import EventRow
from scalar.core.event import Event, EventKind, Sought
from scalar.core.reason import Reason


class SqlJournal:
    """The `Journal` that the workers write and the CLI prints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, events: Sequence[Event]) -> None:
        """Store events, all or none; ignore those whose id is stored already."""
        with translate_errors(), self._engine.begin() as connection:
            record_in(connection, events)

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first, of one app or of all."""
        apps = None if app is None else frozenset({app})
        kinds = None if kind is None else frozenset({kind})
        return self.search(Sought(apps, kinds=kinds), limit)

    def search(self, sought: Sought, limit: int) -> Sequence[Event]:
        """Return the newest events that are sought, newest first."""
        query = select(*EventRow.__table__.columns).order_by(
            EventRow.at.desc(), EventRow.id.desc()
        )
        if sought.apps is not None:
            query = query.where(EventRow.app.in_(sorted(sought.apps)))
        if sought.process_types is not None:
            query = query.where(EventRow.process_type.in_(sorted(sought.process_types)))
        if sought.since is not None:
            query = query.where(EventRow.at >= sought.since)
        if sought.until is not None:
            query = query.where(EventRow.at < sought.until)
        if sought.id:
            query = query.where(
                EventRow.event_id.startswith(sought.id, autoescape=True)
            )
        query = query.where(
            EventRow.kind.in_([k.value for k in sought.kinds or EventKind]),
            EventRow.reason.in_([known.value for known in Reason]),
        )
        with translate_errors(), self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [_event(row) for row in rows]

    def prune(self, before: datetime) -> int:
        """Delete events older than a time; return how many."""
        with translate_errors(), self._engine.begin() as connection:
            return connection.execute(
                delete(EventRow).where(EventRow.at < before)
            ).rowcount


def record_in(connection: Connection, events: Sequence[Event]) -> None:
    """Store events in a transaction that somebody else has begun."""
    if events:
        rows = [_row(event) for event in events]
        connection.execute(_insert(connection.dialect.name), rows)


def _insert(dialect: str) -> Insert:
    """Return the statement that inserts rows whose id is new."""
    if dialect == "sqlite":
        return sqlite.insert(EventRow).on_conflict_do_nothing(["event_id"])
    return postgresql.insert(EventRow).on_conflict_do_nothing(
        index_elements=["event_id"]
    )


def _row(event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "app": event.app,
        "process_type": event.process_type,
        "kind": event.kind.value,
        "reason": event.reason.value,
        "from_quantity": event.from_quantity,
        "to_quantity": event.to_quantity,
        "count": None if event.count is None else json.dumps(event.count),
        "detail": _storable(event.detail),
        "event_id": event.id or None,
        "facts": _storable(event.facts) or None,
    }


def _storable(text: str) -> str:
    """Return a text without what no database stores: it would stop all that wait."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _event(row: RowMapping) -> Event:
    return Event(
        at=row["at"],
        app=row["app"],
        process_type=row["process_type"],
        kind=EventKind(row["kind"]),
        reason=Reason(row["reason"]),
        from_quantity=row["from_quantity"],
        to_quantity=row["to_quantity"],
        count=None if row["count"] is None else json.loads(row["count"]),
        detail=row["detail"],
        id=row["event_id"] or "",
        facts=row["facts"] or "",
    )

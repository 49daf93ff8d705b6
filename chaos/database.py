"""Read the registry and the journal with SQL that is independent of the scaler."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, NullPool, create_engine, text

from chaos.history import Event

#: What must not change, whatever happens, once Heroku's id of each app is learned.
#: The address of an app is learned from some answers, and counts as a revision.
REGISTRY = (
    """SELECT id, name, url, created_at, form, token, queues, heroku_key, platform,
    platform_id FROM apps ORDER BY id""",
    "SELECT * FROM policies ORDER BY 1, 2",
)
UNKNOWN = "SELECT count(*) FROM apps WHERE platform_id IS NULL"
CHANGES = """
SELECT at, app, process_type, from_quantity, to_quantity, event_id, kind FROM events
WHERE kind IN ('scaled', 'changed_elsewhere') ORDER BY id
"""

#: How the names of renamed apps begin.
RENAMED = "renamed-"


class Database:
    """A database, inspected from outside the scaler."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = create_engine(
            url.replace("postgres://", "postgresql+psycopg2://", 1), poolclass=NullPool
        )

    def registry(self) -> tuple[str, ...]:
        """Return each row of the registry as text."""
        with self._engine.connect() as connection:
            return tuple(
                repr(tuple(row)).replace(RENAMED, "")
                for query in REGISTRY
                for row in connection.execute(text(query))
            )

    def knows_all(self) -> bool:
        """Return whether Heroku's id of each app is known."""
        with self._engine.connect() as connection:
            return not connection.execute(text(UNKNOWN)).scalar_one()

    def journal(self) -> str:
        """Return all events as text."""
        with self._engine.connect() as connection:
            rows = connection.execute(text("SELECT * FROM events ORDER BY id"))
            return "\n".join(map(repr, rows))

    def changes(self) -> tuple[Event, ...]:
        """Return the changes in the journal, in the order of writing."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(CHANGES)).all()
        return tuple(
            Event(_seconds(at), app.removeprefix(RENAMED), *rest)
            for at, app, *rest in rows
        )

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _seconds(at: datetime | str) -> float:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

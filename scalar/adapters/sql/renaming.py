"""Give a registered app the name that its platform has for it now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, text, update

from scalar.adapters.sql.tables import AppRow, EventRow, FormerNameRow
from scalar.core.app import FORMER_NAME_KEPT, UNNAMED, unnamed

_COLUMNS = (
    *(AppRow.id, AppRow.name, AppRow.created_at),
    *(AppRow.platform, AppRow.platform_id, AppRow.web_url),
)


def one_at_a_time(connection: Connection, at: datetime) -> None:
    """Let one transaction rename at a time: two apps may swap their names at once.

    SQLite locks the file at the first write, which is therefore made first.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(f"LOCK TABLE {FormerNameRow.__tablename__} IN EXCLUSIVE MODE")
        )
    connection.execute(delete(FormerNameRow).where(FormerNameRow.until < at))


def current_row(connection: Connection, app_id: int) -> Any:
    """Return the row of an app, locked until the transaction ends; None if gone."""
    query = select(*_COLUMNS).where(AppRow.id == app_id).with_for_update()
    return connection.execute(query).one_or_none()


def has_id(platform: str, platform_id: str) -> ColumnElement[bool]:
    """Return the condition for the app with an id of a platform."""
    return (AppRow.platform == platform) & (AppRow.platform_id == platform_id)


def take_name(connection: Connection, row: Any, name: str, at: datetime) -> bool:
    """Rename an app, and its events; return whether it has another name now.

    Another app that has the name gets a stand-in if it can be found by its id. If it
    cannot, both keep their names.
    """
    if row.name == name:
        return False
    query = select(*_COLUMNS).where(AppRow.name == name).with_for_update()
    other = connection.execute(query).one_or_none()
    if other is not None and other.platform_id is None:
        return False
    if other is not None:
        _rename(connection, other, unnamed(other.id), at)
        revision = AppRow.revision + 1
        connection.execute(
            update(AppRow).where(AppRow.id == other.id).values(revision=revision)
        )
    _rename(connection, row, name, at)
    return True


def _rename(connection: Connection, row: Any, name: str, at: datetime) -> None:
    connection.execute(update(AppRow).where(AppRow.id == row.id).values(name=name))
    connection.execute(
        update(EventRow)
        .where(EventRow.app == row.name, EventRow.at >= row.created_at)
        .values(app=name)
    )
    kept = (FormerNameRow.app_id == row.id) & FormerNameRow.name.in_((row.name, name))
    connection.execute(delete(FormerNameRow).where(kept))
    if not UNNAMED.fullmatch(row.name):
        until = at + FORMER_NAME_KEPT
        connection.execute(
            insert(FormerNameRow).values(name=row.name, app_id=row.id, until=until)
        )

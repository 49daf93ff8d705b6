"""The database's engine, and its errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from scalar.core.errors import RegistryError
from scalar.core.secret import redact

#: Connections of one process; Heroku's smallest plan has 20 in all.
POOL_SIZE = 2
#: Seconds that a writer waits for another one (SQLite), or a connection to be
#: made (PostgreSQL).
PATIENCE = 5
#: How PostgreSQL (its codes of errors) and SQLite miss a table or a column.
UNDEFINED = frozenset({"42P01", "42703"})
NO_SUCH = re.compile(r"no such (table|column)")


def make_engine(url: str) -> Engine:
    """Return an engine that connects when it is first used."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,
        pool_recycle=300,
        connect_args={
            "connect_timeout": PATIENCE,
            "application_name": "heroku-proc-scalar",
            "options": f"-c statement_timeout={PATIENCE * 2_000}",
        },
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers and one writer work at the same time."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into `RegistryError`."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise RegistryError(_what(exc)) from exc


def _what(error: SQLAlchemyError) -> str:
    """Return what is wrong in one line, without statement or URL."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    text = redact(lines[0])
    if getattr(original, "pgcode", None) in UNDEFINED or NO_SUCH.search(text):
        return (
            f"The database's schema is missing or old ({text}). Run: python cli.py "
            "initialise-project"
        )
    return f"The database does not answer: {text}"

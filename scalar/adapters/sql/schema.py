"""Upgrade a database to the schema that this program needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, insert

from scalar.adapters.sql.engine import translate_errors
from scalar.adapters.sql.tables import FactRow
from scalar.core.errors import RegistryError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class SqlSchema:
    """The `Schema` of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.database = engine.dialect.name

    def version(self) -> str | None:
        """Return the version found; None for an empty database."""
        return version(self._engine)

    def newest(self) -> str:
        """Return the version that this program needs."""
        return newest()

    def check_writes(self) -> None:
        """Write something, and take it back; raises `RegistryError` if that fails."""
        with translate_errors(), self._engine.connect() as connection:
            written = insert(FactRow).values(name="doctor", value="may write")
            connection.execute(written)
            connection.rollback()

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the schema up to date; return the version before and after."""
        return upgrade(self._engine)


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Upgrade the schema; return the version before and after. Idempotent.

    Raises:
        RegistryError: The database is unavailable, or a newer version of this
            program made its schema.
    """
    before = version(engine)
    config = _config()
    try:
        with translate_errors(), engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as exc:
        raise RegistryError(
            f"The database has schema version {before}, which this version of the "
            "program does not know. Deploy the newer version again"
        ) from exc
    return before, newest()


def version(engine: Engine) -> str | None:
    """Return the schema's version; None for an empty database."""
    with translate_errors(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the schema version that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config

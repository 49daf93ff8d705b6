"""The database's schema."""

from __future__ import annotations

from typing import Protocol


class Schema(Protocol):
    """The schema and its version. Every method may raise `RegistryError`."""

    @property
    def database(self) -> str:
        """The kind of database, such as "postgresql"."""
        ...

    def version(self) -> str | None:
        """Return the version found; None for an empty database."""
        ...

    def newest(self) -> str:
        """Return the version that this program needs."""
        ...

    def check_writes(self) -> None:
        """Write something, and take it back; raises `RegistryError` if that fails."""
        ...

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the schema up to date; return the version before and after."""
        ...

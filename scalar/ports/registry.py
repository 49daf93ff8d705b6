"""The registered apps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret


class Registry(Protocol):
    """The apps that are scaled. Every method may raise `RegistryError`."""

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app; raises `AppAlreadyRegistered`."""
        ...

    def remove(self, name: str) -> None:
        """Forget an app; raises `AppNotFound`. Its events stay."""
        ...

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name; raises `AppNotFound`, `SecretUnreadable`."""
        ...

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key; None if it is registered no more.

        The row may be newer than the key, never older.
        """
        ...

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Store the values of an app or, under its name, of a process type.

        They take the place of all that was there; none remove it. Raises
        `AppNotFound`.
        """
        ...

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address; raises `AppNotFound`."""
        ...

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away with `SHARED_KEY`.

        Raises `AppNotFound`.
        """
        ...

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their numbers."""
        ...

"""The registered apps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret


class AppReader(Protocol):
    """The apps as workers read them. Every method may raise `RegistryError`."""

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key; None if it is no longer registered.

        The row may be newer than the key, never older.
        """
        ...

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their ids."""
        ...


class Registry(AppReader, Protocol):
    """The apps as people change them. Every method may raise `RegistryError`."""

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
        """Remove an app; raises `AppNotFound`. Its events stay."""
        ...

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name; raises `AppNotFound`, `SecretUnreadable`."""
        ...

    def key(self, name: str) -> AppKey:
        """Return an app's key without decrypting anything; raises `AppNotFound`."""
        ...

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Replace the stored values of an app, or of one of its process types.

        No values remove them all. Raises `AppNotFound`.
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


class StoredSecrets(Protocol):
    """The secrets of the registry as a whole. May raise `RegistryError`."""

    def own_heroku_keys(self) -> Mapping[Secret, Sequence[str]]:
        """Return each app's own Heroku key, with the names of the apps that use it.

        Raises `SecretUnreadable` if one fits none of the secret keys.
        """
        ...

    def first_without_key(self) -> str | None:
        """Return an app without a Heroku key of its own; None if there is none."""
        ...

    def unencrypted(self) -> int:
        """Return how many apps have a secret that is stored as plain text."""
        ...

    def encrypt_again(self) -> int:
        """Encrypt every secret with the first key; return the number of apps.

        Raises `SecretUnreadable` if one fits none of the keys; nothing changes.
        """
        ...

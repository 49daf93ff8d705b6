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
    """Read access for workers. Every method may raise `RegistryError`."""

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key; None if it is no longer registered.

        The row may be newer than the app key, never older.
        """
        ...

    def revision(self, app_id: int) -> int | None:
        """Return an app's revision as it is now, never a cached one.

        None if it is no longer registered.
        """
        ...

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next app keys, ordered by id."""
        ...


class Registry(AppReader, Protocol):
    """Full access, for commands. Every method may raise `RegistryError`.

    Who writes what depends on a row that was read says which one (`read`): if the row
    has changed since, `AppChanged` is raised and nothing is written. So no command
    undoes another one that ran beside it.
    """

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
        """Return an app by name; raises `AppNotFound`, `SecretUnreadable`."""
        ...

    def app_key(self, name: str) -> AppKey:
        """Return an app's key, without decrypting secrets; raises `AppNotFound`."""
        ...

    def set_policy(
        self,
        name: str,
        process_type: str,
        values: Mapping[str, str],
        *,
        read: AppKey | None = None,
    ) -> None:
        """Replace the policy values of an app, or of one of its process types.

        An empty mapping removes them all. Raises `AppNotFound`, `AppChanged`.
        """
        ...

    def set_address(
        self, name: str, address: CountsAddress, *, read: AppKey | None = None
    ) -> None:
        """Change an app's address; raises `AppNotFound`, `AppChanged`."""
        ...

    def set_heroku_key(
        self, name: str, heroku_key: Secret, *, read: AppKey | None = None
    ) -> None:
        """Set an app's own Heroku key; `SHARED_KEY` removes it.

        Raises `AppNotFound`, `AppChanged`.
        """
        ...


class StoredSecrets(Protocol):
    """All secrets in the registry. Every method may raise `RegistryError`."""

    def own_heroku_keys(self) -> Mapping[Secret, Sequence[str]]:
        """Return each app's own Heroku key, with the names of the apps that use it.

        Raises `SecretUnreadable` if no secret key decrypts one of them.
        """
        ...

    def first_without_heroku_key(self) -> str | None:
        """Return an app that uses the shared Heroku key; None if there is none."""
        ...

    def unencrypted(self) -> int:
        """Return how many apps have a secret stored in plain text."""
        ...

    def reencrypt(self) -> int:
        """Re-encrypt every secret with the first secret key; return how many apps.

        Raises `SecretUnreadable`, and changes nothing, if no secret key decrypts
        one of them.
        """
        ...

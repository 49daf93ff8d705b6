"""The registered apps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scalar.core.actor import Mark
from scalar.core.app import DEFAULT_PLATFORM, AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.event import Event
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """What a platform calls an app.

    Attributes:
        platform_id: Its id, which outlives a rename.
        name: Its name now.
        web_url: Its own address now; None if that is not known.
    """

    platform_id: str
    name: str
    web_url: str | None = None


@dataclass(frozen=True, slots=True)
class OrdersNow:
    """What people have ordered of an app by now.

    Attributes:
        revision: The app's revision; None if it is no longer registered.
        pause: The pause of all apps; None if there is none, or it may be over.
    """

    revision: int | None
    pause: FleetPause | None = None


class AppReader(Protocol):
    """Read access for workers. Every method may raise `RegistryError`."""

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key; None if it is no longer registered.

        The row may be newer than the app key, never older.
        """
        ...

    def orders(self, app_id: int) -> OrdersNow:
        """Return what is ordered of an app now, never a cached answer; one query."""
        ...

    def known_pause(self) -> FleetPause | None:
        """Return the pause of all apps as far as it is known; free while there is none.

        It may be some seconds old, so `orders` is asked before each change.
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

    The `events` of an order are written with it, in one transaction.
    """

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
        *,
        platform_id: str = "",
        web_url: str = "",
        events: Sequence[Event] = (),
    ) -> RegisteredApp:
        """Register an app; raises `AppAlreadyRegistered`.

        `platform_id` and `web_url` are what the platform says of it, if it was asked.
        """
        ...

    def remove(self, name: str, *, events: Sequence[Event] = ()) -> None:
        """Remove an app; raises `AppNotFound`. Its events stay."""
        ...

    def get(self, name: str) -> RegisteredApp:
        """Return an app by name; raises `AppNotFound`, `SecretUnreadable`.

        Each method takes a name that the app had lately as well, unless another app
        has it now.
        """
        ...

    def app_key(self, name: str) -> AppKey:
        """Return an app's key, without decrypting secrets; raises `AppNotFound`."""
        ...

    def name_of(self, platform_id: str, platform: str = DEFAULT_PLATFORM) -> str:
        """Return the name of the app with an id of the platform; empty if none has."""
        ...

    def identify(
        self,
        app_id: int,
        identity: Identity,
        at: datetime,
        address: CountsAddress | None = None,
    ) -> bool:
        """Store what the platform says of an app; return whether it was renamed.

        Its events get the new name, and the old one still finds it for a while. Another
        app that is registered with the new name is called by another id, so it must
        have been renamed, too: it gets a stand-in (`unnamed`) until it is read. If it
        has no id, the app keeps its old name.

        Args:
            app_id: The registry's number of the app; nothing happens if it is gone.
            identity: What the platform says of it.
            at: When.
            address: Its new address, if that changes with its name.

        Raises:
            AppAlreadyRegistered: Another app has this id.
        """
        ...

    def set_policy(
        self,
        name: str,
        process_type: str,
        values: Mapping[str, str],
        *,
        read: AppKey | None = None,
        mark: Mark | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Replace the policy values of an app, or of one of its process types.

        `mark` is kept of each value that is not what it was. An empty mapping removes
        them all. Raises `AppNotFound`, `AppChanged`.
        """
        ...

    def set_address(
        self,
        name: str,
        address: CountsAddress,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Change an app's address; raises `AppNotFound`, `AppChanged`."""
        ...

    def fleet_pause(self) -> FleetPause | None:
        """Return the pause of all apps that was ordered last; it may be over."""
        ...

    def set_fleet_pause(
        self, pause: FleetPause | None, *, events: Sequence[Event] = ()
    ) -> None:
        """Pause all apps, or end that."""
        ...

    def set_heroku_key(
        self,
        name: str,
        heroku_key: Secret,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
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

    def without_heroku_key(self, limit: int) -> Sequence[str]:
        """Return the first apps that use the shared Heroku key."""
        ...

    def unreadable_apps(self) -> Mapping[str, str]:
        """Decrypt every secret; return the apps with one that fails, and why."""
        ...

    def unencrypted(self) -> int:
        """Return how many apps have a secret stored in plain text."""
        ...

    def unbound(self) -> int:
        """Return how many apps have an encrypted secret that is not bound to them."""
        ...

    def reencrypt(self) -> int:
        """Re-encrypt every secret with the first secret key; return how many apps.

        What is bound stays bound, and what is not stays unbound. Raises
        `SecretUnreadable`, and changes nothing, if no secret key decrypts one of them.
        """
        ...

    def bind(self) -> int | None:
        """Bind every secret to its app, once; return how many apps.

        Returns None, and changes nothing, if that was done before: what is not bound
        now was put there by somebody else. Raises what `reencrypt` does.
        """
        ...

    def unbind(self) -> int:
        """Encrypt every secret as older versions do; return how many apps.

        Raises what `reencrypt` does.
        """
        ...

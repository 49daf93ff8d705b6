"""The registry and the journal, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scalar.core.actor import Mark
from scalar.core.app import DEFAULT_PLATFORM, AppKey, RegisteredApp, unnamed
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppChanged,
    AppNotFound,
    RegistryError,
    SecretUnreadable,
)
from scalar.core.event import Event, EventKind, Sought
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.secret import Secret
from scalar.ports.registry import Identity, OrdersNow


class MemoryRegistry:
    """A `Registry` in memory, with its `StoredSecrets`.

    Former names find an app for as long as no other one has them.

    Attributes:
        unreadable: Names of the apps whose secrets fit none of the keys.
        encrypted: Names of the apps whose secrets are encrypted.
        bound: Names of the apps whose secrets are bound to them.
        was_bound: Whether all secrets were bound once.
    """

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        self.unreadable: set[str] = set()
        self.encrypted: set[str] = set()
        self.bound: set[str] = set()
        self.was_bound = False
        self._journal = journal or MemoryJournal()
        self._apps: dict[str, RegisteredApp] = {}
        self._last_id = 0
        self._pause: FleetPause | None = None

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
        """Register an app."""
        if name in self._apps or (platform_id and self.name_of(platform_id)):
            raise AppAlreadyRegistered(name)
        self._last_id += 1
        self._apps[name] = RegisteredApp(
            *(self._last_id, name, address, 1, at),
            heroku_key=heroku_key,
            platform_id=platform_id,
            web_url=web_url,
        )
        self._journal.record(events)
        return self._apps[name]

    def put(self, app: RegisteredApp) -> None:
        """Replace an app's row, e.g. by one from an older or newer version."""
        self._apps[app.name] = app

    def remove(self, name: str, *, events: Sequence[Event] = ()) -> None:
        """Remove an app."""
        del self._apps[self._row(name).name]
        self._journal.record(events)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by name."""
        return self._decrypted(self._row(name))

    def app_key(self, name: str) -> AppKey:
        """Return an app's key; needs no decryption."""
        app = self._row(name)
        return AppKey(app.id, app.name, app.revision)

    def orders(self, app_id: int) -> OrdersNow:
        """Return what is ordered of an app now."""
        found = (app.revision for app in self._apps.values() if app.id == app_id)
        return OrdersNow(next(found, None), self._pause)

    def known_pause(self) -> FleetPause | None:
        """Return the pause of all apps."""
        return self._pause

    def fleet_pause(self) -> FleetPause | None:
        """Return the pause of all apps that was ordered last."""
        return self._pause

    def set_fleet_pause(
        self, pause: FleetPause | None, *, events: Sequence[Event] = ()
    ) -> None:
        """Pause all apps, or end that."""
        self._pause = pause
        self._journal.record(events)

    def name_of(self, platform_id: str, platform: str = DEFAULT_PLATFORM) -> str:
        """Return the name of the app with an id of the platform; empty if none has."""
        for app in self._apps.values():
            if (app.platform, app.platform_id) == (platform, platform_id):
                return app.name
        return ""

    def identify(
        self,
        app_id: int,
        identity: Identity,
        at: datetime,
        address: CountsAddress | None = None,
    ) -> bool:
        """Store what the platform says of an app; return whether it was renamed."""
        del at
        app = next((app for app in self._apps.values() if app.id == app_id), None)
        if app is None:
            return False
        owner = self.name_of(identity.platform_id, app.platform)
        if owner not in ("", app.name):
            raise AppAlreadyRegistered(owner)
        web_url = app.web_url if identity.web_url is None else identity.web_url
        known = replace(app, platform_id=identity.platform_id, web_url=web_url)
        other = self._apps.get(identity.name)
        renamed = identity.name != app.name and (other is None or other.platform_id)
        if renamed:
            if other is not None:
                self._rename(other, unnamed(other.id))
            known = self._rename(known, identity.name)
            if address is not None:
                known = replace(known, address=address)
        elif known == app:
            return False
        self._apps[known.name] = replace(known, revision=app.revision + 1)
        return bool(renamed)

    def _rename(self, app: RegisteredApp, name: str) -> RegisteredApp:
        del self._apps[app.name]
        had = () if app.is_unnamed else (app.name,)
        former = (*had, *(n for n in app.former_names if n not in (app.name, name)))
        self._journal.events = [
            replace(event, app=name)
            if event.app == app.name and event.at >= app.created_at
            else event
            for event in self._journal.events
        ]
        revision = app.revision + 1
        self._apps[name] = replace(
            app, name=name, former_names=former, revision=revision
        )
        return self._apps[name]

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
        """Replace the policy values of an app, or of one of its process types."""
        app = self._row(name, read)
        before, marks = app.policies.get(process_type, {}), {}
        for value, text in values.items():
            known = app.set_by.get(process_type, {}).get(value)
            if one := (known if before.get(value) == text else mark):
                marks[value] = one
        policies = {**app.policies, process_type: dict(values)}
        policies = {of: stored for of, stored in policies.items() if stored}
        set_by = {**app.set_by, process_type: marks}
        self._apps[app.name] = replace(
            app,
            policies=policies,
            set_by={of: stored for of, stored in set_by.items() if stored},
            revision=app.revision + 1,
        )
        self._journal.record(events)

    def set_address(
        self,
        name: str,
        address: CountsAddress,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Change an app's address."""
        app = self._row(name, read)
        self.unreadable.discard(app.name)
        self._apps[app.name] = replace(app, address=address, revision=app.revision + 1)
        self._journal.record(events)

    def set_heroku_key(
        self,
        name: str,
        heroku_key: Secret,
        *,
        read: AppKey | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Set an app's own Heroku key, or remove it."""
        app = self._row(name, read)
        self._apps[app.name] = replace(
            app, heroku_key=heroku_key, revision=app.revision + 1
        )
        self._journal.record(events)

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key."""
        for app in self._apps.values():
            if app.id == app_key.id:
                return self._decrypted(app)
        return None

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next app keys, ordered by id."""
        app_keys = sorted(
            (AppKey(app.id, app.name, app.revision) for app in self._apps.values()),
            key=lambda app_key: app_key.id,
        )
        return [app_key for app_key in app_keys if app_key.id > after_id][:limit]

    def own_heroku_keys(self) -> dict[Secret, list[str]]:
        """Return each app's own Heroku key, with the apps that use it."""
        apps: dict[Secret, list[str]] = {}
        for app in sorted(self._apps.values(), key=lambda app: app.name):
            if app.heroku_key:
                apps.setdefault(self._decrypted(app).heroku_key, []).append(app.name)
        return apps

    def without_heroku_key(self, limit: int) -> list[str]:
        """Return the first apps without a Heroku key of their own."""
        names = (app.name for app in self._apps.values() if not app.heroku_key)
        return [*names][:limit]

    def unreadable_apps(self) -> dict[str, str]:
        """Return the apps with a secret that cannot be decrypted, and why."""
        found = {}
        for app in self._apps.values():
            try:
                self._decrypted(app)
            except SecretUnreadable as exc:
                found[app.name] = str(exc)
        return found

    def unencrypted(self) -> int:
        """Return how many apps have a secret that is stored as plain text."""
        return len(self._apps.keys() - self.encrypted)

    def unbound(self) -> int:
        """Return how many apps have an encrypted secret that is not bound to them."""
        return len((self._apps.keys() & self.encrypted) - self.bound)

    def reencrypt(self) -> int:
        """Encrypt every secret; return the number of apps."""
        for app in self._apps.values():
            self._decrypted(app)
        self.bound |= self._apps.keys() - self.encrypted
        self.encrypted = set(self._apps)
        return len(self._apps)

    def bind(self) -> int | None:
        """Bind every secret to its app, once; return how many apps."""
        if self.was_bound:
            return None
        self.was_bound = True
        done = self.reencrypt()
        self.bound = set(self._apps)
        return done

    def unbind(self) -> int:
        """Encrypt every secret without binding it; return how many apps."""
        done = self.reencrypt()
        self.bound, self.was_bound = set(), False
        return done

    def _row(self, name: str, read: AppKey | None = None) -> RegisteredApp:
        """Return an app's row; raises `AppChanged` if it is not the one `read`."""
        had_it = (app for app in self._apps.values() if name in app.former_names)
        app = self._apps.get(name) or next(had_it, None)
        if app is None:
            raise AppNotFound(name)
        if read is not None and (app.id, app.revision) != (read.id, read.revision):
            raise AppChanged(name)
        return app

    def _decrypted(self, app: RegisteredApp) -> RegisteredApp:
        if app.name in self.unreadable:
            raise SecretUnreadable(
                f'The URL of app "{app.name}" fits no key of SCALAR_SECRET_KEY'
            )
        return app


class MemoryJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        """Store events; ignore those whose id is stored already."""
        known = {event.id for event in self.events if event.id}
        for event in events:
            if event.id not in known:
                self.events.append(event)
            known |= {event.id} - {""}

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first."""
        apps = None if app is None else frozenset({app})
        kinds = None if kind is None else frozenset({kind})
        return self.search(Sought(apps, kinds=kinds), limit)

    def search(self, sought: Sought, limit: int) -> Sequence[Event]:
        """Return the newest events that are sought, newest first."""
        found = [
            (event.at, number, event)
            for number, event in enumerate(self.events)
            if sought.matches(event)
        ]
        newest_first = sorted(found, key=lambda row: row[:2], reverse=True)
        return [event for _, _, event in newest_first[:limit]]

    def prune(self, before: datetime) -> int:
        """Delete events older than a time."""
        kept = [event for event in self.events if event.at >= before]
        deleted = len(self.events) - len(kept)
        self.events = kept
        return deleted


class MemorySchema:
    """A `Schema` in memory.

    Attributes:
        refuses: Why it takes no writes; empty if it does.
    """

    database = "memory"
    refuses = ""

    def __init__(self, version: str | None = None, newest: str = "2") -> None:
        self._version = version
        self._newest = newest

    def version(self) -> str | None:
        """Return the version found; None for an empty database."""
        return self._version

    def newest(self) -> str:
        """Return the version that this program needs."""
        return self._newest

    def check_writes(self) -> None:
        """Raise `RegistryError` if the database takes no writes."""
        if self.refuses:
            raise RegistryError(self.refuses)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the schema up to date; return the version before and after."""
        before, self._version = self._version, self._newest
        return before, self._newest

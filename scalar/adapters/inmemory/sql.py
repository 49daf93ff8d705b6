"""The registry and the journal, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppNotFound,
)
from scalar.core.event import Event, EventKind
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret


class MemoryRegistry:
    """A `Registry` in memory."""

    def __init__(self) -> None:
        self._apps: dict[str, RegisteredApp] = {}
        self._last_id = 0

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app."""
        if name in self._apps:
            raise AppAlreadyRegistered(name)
        self._last_id += 1
        self._apps[name] = RegisteredApp(
            self._last_id, name, address, 1, at, heroku_key=heroku_key
        )
        return self._apps[name]

    def put(self, app: RegisteredApp) -> None:
        """Replace an app's row, e.g. by one from an older or newer version."""
        self._apps[app.name] = app

    def remove(self, name: str) -> None:
        """Remove an app."""
        if self._apps.pop(name, None) is None:
            raise AppNotFound(name)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by name."""
        if name not in self._apps:
            raise AppNotFound(name)
        return self._apps[name]

    def app_key(self, name: str) -> AppKey:
        """Return an app's key."""
        app = self.get(name)
        return AppKey(app.id, app.name, app.revision)

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Replace the policy values of an app, or of one of its process types."""
        app = self.get(name)
        policies = {**app.policies, process_type: dict(values)}
        policies = {of: stored for of, stored in policies.items() if stored}
        self._apps[name] = replace(app, policies=policies, revision=app.revision + 1)

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Change an app's address."""
        app = self.get(name)
        self._apps[name] = replace(app, address=address, revision=app.revision + 1)

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Set an app's own Heroku key, or remove it."""
        app = self.get(name)
        self._apps[name] = replace(
            app, heroku_key=heroku_key, revision=app.revision + 1
        )

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key."""
        return next((app for app in self._apps.values() if app.id == app_key.id), None)

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next app keys, ordered by id."""
        app_keys = sorted(
            (AppKey(app.id, app.name, app.revision) for app in self._apps.values()),
            key=lambda app_key: app_key.id,
        )
        return [app_key for app_key in app_keys if app_key.id > after_id][:limit]


class MemoryJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        """Store events."""
        self.events.extend(events)

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events, newest first."""
        found = [
            (event.at, number, event)
            for number, event in enumerate(self.events)
            if app in (None, event.app) and kind in (None, event.kind)
        ]
        newest_first = sorted(found, key=lambda row: row[:2], reverse=True)
        return [event for _, _, event in newest_first[:limit]]

    def prune(self, before: datetime) -> int:
        """Delete events older than a time."""
        kept = [event for event in self.events if event.at >= before]
        deleted = len(self.events) - len(kept)
        self.events = kept
        return deleted

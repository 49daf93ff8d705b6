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
        """Replace an app's row, as an older or newer version may have written it."""
        self._apps[app.name] = app

    def remove(self, name: str) -> None:
        """Remove an app."""
        if self._apps.pop(name, None) is None:
            raise AppNotFound(name)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
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
        """Store the values of an app or of a process type."""
        app = self.get(name)
        policies = {**app.policies, process_type: dict(values)}
        policies = {of: kept for of, kept in policies.items() if kept}
        self._apps[name] = replace(app, policies=policies, revision=app.revision + 1)

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address."""
        app = self.get(name)
        self._apps[name] = replace(app, address=address, revision=app.revision + 1)

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away."""
        app = self.get(name)
        self._apps[name] = replace(
            app, heroku_key=heroku_key, revision=app.revision + 1
        )

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key."""
        return next((app for app in self._apps.values() if app.id == key.id), None)

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their numbers."""
        keys = sorted(
            (AppKey(app.id, app.name, app.revision) for app in self._apps.values()),
            key=lambda key: key.id,
        )
        return [key for key in keys if key.id > after_id][:limit]


class MemoryJournal:
    """A `Journal` in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, events: Sequence[Event]) -> None:
        """Write events down."""
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

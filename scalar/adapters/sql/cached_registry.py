"""A registry that a worker remembers, so that a poll costs no query.

If the database is away, the apps that were registered when it last answered
are polled on: a customer must not wait because of our database.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import RegistryError
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.ports.registry import Registry

log = logging.getLogger("scalar.registry")


class CachedRegistry:
    """A `Registry` before another one."""

    def __init__(self, inner: Registry) -> None:
        self._inner = inner
        self._apps: dict[int, RegisteredApp] = {}
        self._pages: dict[int, Sequence[AppKey]] = {}
        self._coming: dict[int, Sequence[AppKey]] = {}

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
    ) -> RegisteredApp:
        """Register an app."""
        return self._inner.add(name, address, at, heroku_key)

    def remove(self, name: str) -> None:
        """Forget an app."""
        self._inner.remove(name)

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
        return self._inner.get(name)

    def set_policy(
        self, name: str, process_type: str, values: Mapping[str, str]
    ) -> None:
        """Store the values of an app or of a process type."""
        self._inner.set_policy(name, process_type, values)

    def set_address(self, name: str, address: CountsAddress) -> None:
        """Give an app another address."""
        self._inner.set_address(name, address)

    def set_heroku_key(self, name: str, heroku_key: Secret) -> None:
        """Give an app its own Heroku key, or take it away."""
        self._inner.set_heroku_key(name, heroku_key)

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key, from memory if its revision is there."""
        known = self._apps.get(key.id)
        if known and known.revision >= key.revision:
            return known
        app = self._inner.find(key)
        if app is None:
            self._apps.pop(key.id, None)
        else:
            self._apps[key.id] = app
        return app

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps; the remembered ones if the database is away."""
        try:
            page = self._inner.page(after_id, limit)
        except RegistryError as exc:
            if after_id not in self._pages:
                raise
            log.warning(logfmt.line("registry.unavailable", detail=exc))
            return self._pages[after_id]
        if after_id == 0:
            self._coming = {}
        self._coming[after_id] = page
        if len(page) < limit:
            self._pages = self._coming
        return page

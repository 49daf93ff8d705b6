"""A registry cache in each worker, so that a poll needs no query.

While the database is unavailable, workers go on polling the apps that were registered
when it last answered: scaling must not stop because of our own database.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.errors import RegistryError
from scalar.core.repeated import ends, repeats
from scalar.ports.registry import AppReader

log = logging.getLogger("scalar.registry")


class CachedRegistry:
    """An `AppReader` that caches another one."""

    def __init__(self, inner: AppReader) -> None:
        self._inner = inner
        self._apps: dict[int, RegisteredApp] = {}
        self._pages: dict[int, Sequence[AppKey]] = {}
        self._next_pages: dict[int, Sequence[AppKey]] = {}

    def find(self, app_key: AppKey) -> RegisteredApp | None:
        """Return an app by its app key, from the cache if it is recent enough."""
        cached = self._apps.get(app_key.id)
        if cached and cached.revision >= app_key.revision:
            return cached
        app = self._inner.find(app_key)
        if app is None:
            self._apps.pop(app_key.id, None)
        else:
            self._apps[app_key.id] = app
        return app

    def revision(self, app_id: int) -> int | None:
        """Return an app's revision as it is now, not the cached one."""
        return self._inner.revision(app_id)

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next app keys; the cached ones if the database is unavailable."""
        try:
            page = self._inner.page(after_id, limit)
        except RegistryError as exc:
            if after_id not in self._pages:
                raise
            line = logfmt.line("registry.unavailable", detail=exc)
            log.warning(line, extra=repeats("registry"))
            return self._pages[after_id]
        log.info(logfmt.line("registry.available"), extra=ends("registry"))
        if after_id == 0:
            self._next_pages = {}
        self._next_pages[after_id] = page
        if len(page) < limit:
            self._pages = self._next_pages
        return page

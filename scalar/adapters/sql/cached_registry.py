"""A registry cache in each worker, so that a poll needs no query.

While the database is unavailable, workers go on polling the apps that were registered
when it last answered: scaling must not stop because of our own database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.errors import RegistryError
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.repeated import ends, repeats
from scalar.ports.registry import AppReader, OrdersNow

log = logging.getLogger("scalar.registry")

#: Seconds after which a pause of all apps is read again.
PAUSE_READ_EVERY = 5.0


class CachedRegistry:
    """An `AppReader` that caches another one."""

    def __init__(
        self, inner: AppReader, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._apps: dict[int, RegisteredApp] = {}
        self._pages: dict[int, Sequence[AppKey]] = {}
        self._next_pages: dict[int, Sequence[AppKey]] = {}
        self._monotonic = monotonic
        self._pause: FleetPause | None = None
        self._pause_read_at = 0.0

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

    def orders(self, app_id: int) -> OrdersNow:
        """Return what is ordered of an app now, not what was cached."""
        found = self._inner.orders(app_id)
        self._pause, self._pause_read_at = found.pause, self._monotonic()
        return found

    def known_pause(self) -> FleetPause | None:
        """Return the pause of all apps, as the last `orders` of any app had it.

        While there is one, it is read again every few seconds, whatever the number of
        apps; so its end is noticed though nothing asks for a change.
        """
        if self._pause is None:
            return None
        if self._monotonic() - self._pause_read_at >= PAUSE_READ_EVERY:
            self._pause_read_at = self._monotonic()
            try:
                self._pause = self._inner.known_pause()
            except RegistryError as exc:
                log.warning(logfmt.line("registry.unavailable", detail=exc))
        return self._pause

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

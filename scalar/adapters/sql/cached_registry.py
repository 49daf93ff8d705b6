"""A registry that a worker remembers, so that a poll costs no query.

If the database is away, the apps that were registered when it last answered
are polled on: a customer must not wait because of our database.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scalar.core import logfmt
from scalar.core.app import AppKey, RegisteredApp
from scalar.core.errors import RegistryError
from scalar.ports.registry import AppReader

log = logging.getLogger("scalar.registry")


class CachedRegistry:
    """An `AppReader` that remembers what another one said."""

    def __init__(self, inner: AppReader) -> None:
        self._inner = inner
        self._apps: dict[int, RegisteredApp] = {}
        self._pages: dict[int, Sequence[AppKey]] = {}
        self._coming: dict[int, Sequence[AppKey]] = {}

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

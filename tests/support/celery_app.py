"""Celery set up as in production, on a Redis for tests."""

from __future__ import annotations

import runpy
from types import SimpleNamespace

import pytest
from celery import Celery

from devtools.procfile import ROOT


class CeleryApps:
    """Celery apps by the URL of their broker.

    One per broker, because Celery shares connection pools among all apps of a broker.
    """

    def __init__(self) -> None:
        self._apps: dict[str, Celery] = {}

    def __call__(self, url: str) -> Celery:
        """Return the app of a broker."""
        if url not in self._apps:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("REDIS_URL", url)
                settings = runpy.run_path(str(ROOT / "celeryconfig.py"))
            self._apps[url] = Celery("scalar", set_as_current=False)
            self._apps[url].config_from_object(SimpleNamespace(**settings))
        return self._apps[url]

    def close(self) -> None:
        """Close all connections."""
        for app in self._apps.values():
            app.pool.force_close_all()
            app.close()

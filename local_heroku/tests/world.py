"""The local Heroku in memory; every test passes the time it wants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local_heroku.app_spec import read_app
from local_heroku.apps import App
from local_heroku.heroku import Heroku, Settings

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "made-up-secret"


def at(seconds: float) -> datetime:
    """Return the time this many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def make_heroku(**settings: Any) -> Heroku:
    """Return an empty local Heroku whose dynos boot in 10 s and stop in 30 s."""
    usual = {"boot": timedelta(seconds=10), "stop": timedelta(seconds=30)}
    return Heroku(Settings(**{**usual, **settings}), SECRET, NOON)


def make_app(
    heroku: Heroku,
    formation: Mapping[str, int],
    size: str = "Standard-1X",
    **described: Any,
) -> App:
    """Add the app `shop` at noon."""
    rows = [
        {"type": process_type, "quantity": quantity, "size": size}
        for process_type, quantity in formation.items()
    ]
    app = {"name": "shop", "formation": rows, **described}
    return heroku.add_app(read_app(app), NOON)


def quantities(app: App) -> dict[str, int]:
    """Return the quantity of each process type."""
    return {row.type: row.quantity for row in app.formation.values()}

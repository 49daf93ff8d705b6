"""The core reads no clock and no socket; so a test can move its time."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import local_heroku
from local_heroku.app_spec import read_app
from local_heroku.apps import App
from local_heroku.heroku import Heroku, Settings

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "made-up-secret"
PACKAGE = Path(local_heroku.__file__).parent
SHELL = {"__main__.py", "control.py", "process.py"}
SERVER = ("application.py", "control_api.py", "delivery.py")
CORE = [
    *(path for path in PACKAGE.glob("*.py") if path.name not in SHELL),
    *(path for path in PACKAGE.glob("server/*.py") if path.name not in SERVER),
]
OUTSIDE = {"aiohttp", "asyncio", "click", "os", "requests", "scalar", "socket", "time"}


def at(seconds: float) -> datetime:
    """Return noon plus so many seconds."""
    return NOON + timedelta(seconds=seconds)


def make_heroku(**settings: Any) -> Heroku:
    """Return an empty local Heroku: dynos boot in 10 s and stop in 30 s."""
    usual = {"boot": timedelta(seconds=10), "stop": timedelta(seconds=30)}
    return Heroku(Settings(**{**usual, **settings}), SECRET, NOON)


def make_app(
    heroku: Heroku,
    formation: Mapping[str, int],
    size: str = "Standard-1X",
    **described: Any,
) -> App:
    """Put the app `shop` in place at noon."""
    rows = [
        {"type": process_type, "quantity": quantity, "size": size}
        for process_type, quantity in formation.items()
    ]
    app = {"name": "shop", "formation": rows, **described}
    return heroku.add_app(read_app(app), NOON)


def quantities(app: App) -> dict[str, int]:
    """Return the quantity of each process type."""
    return {row.type: row.quantity for row in app.formation.values()}


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_a_module_of_the_core_has_no_way_outside(path):
    tree = ast.parse(path.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert imported.isdisjoint(OUTSIDE)
    assert called.isdisjoint({"utcnow", "today"})
    assert "datetime.now" not in path.read_text()

"""The routes of the formation."""

from __future__ import annotations

from typing import Any

from local_heroku.formation_updates import find_row, read_updates
from local_heroku.render import formation_json
from local_heroku.server.calls import READ, WRITE, Answer, Call, Route


def list_formation(call: Call) -> Answer:
    """Return all rows."""
    return call.page(_rows(call))


def show_row(call: Call) -> Answer:
    """Return one row."""
    app = call.app
    return Answer(formation_json(app, find_row(app, call.params["type"])))


def update_formation(call: Call) -> Answer:
    """Apply a batch of updates; return all rows."""
    updates = read_updates(call.request.json())
    call.check_unchanged(_rows(call))
    call.heroku.scale(call.app, updates, call.now)
    return call.page(_rows(call), ranged=False)


def update_row(call: Call) -> Answer:
    """Apply one update; return its row."""
    app = call.app
    row = find_row(app, call.params["type"])
    call.check_unchanged(formation_json(app, row))
    call.heroku.scale(app, [{**call.request.json(), "type": row.type}], call.now)
    return Answer(formation_json(app, row))


def _rows(call: Call) -> list[dict[str, Any]]:
    app = call.app
    rows = [formation_json(app, row) for row in app.formation.values()]
    return sorted(rows, key=lambda row: str(row["id"]))


ROUTES = (
    Route("GET", "/apps/{app}/formation", list_formation, READ),
    Route("GET", "/apps/{app}/formation/{type}", show_row, READ),
    Route("PATCH", "/apps/{app}/formation", update_formation, WRITE),
    Route("PATCH", "/apps/{app}/formation/{type}", update_row, WRITE),
)

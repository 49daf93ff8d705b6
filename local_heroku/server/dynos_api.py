"""The routes of dynos and dyno sizes."""

from __future__ import annotations

from local_heroku.formation_updates import find_row
from local_heroku.render import dyno_json, dyno_size_json
from local_heroku.server.calls import READ, WRITE, Answer, Call, Route
from local_heroku.sizes import SIZES, sizes_of

ACCEPTED = 202


def list_dynos(call: Call) -> Answer:
    """Return the dynos, except stopping ones."""
    app = call.app
    rows = [dyno_json(app, dyno) for dyno in app.listed_dynos()]
    return call.page(rows, "name", "id")


def show_dyno(call: Call) -> Answer:
    """Return one dyno by name or uuid."""
    app = call.app
    return Answer(dyno_json(app, call.heroku.find_dyno(app, call.params["dyno"])))


def restart_all(call: Call) -> Answer:
    """Restart every dyno of the app."""
    call.heroku.restart(call.app, call.now)
    return Answer({}, ACCEPTED)


def restart_one(call: Call) -> Answer:
    """Restart one dyno; stopping it has the same effect."""
    app = call.app
    dyno = call.heroku.find_dyno(app, call.params["dyno"])
    call.heroku.lifecycle.restart(app, dyno, call.now)
    return Answer({}, ACCEPTED)


def restart_type(call: Call) -> Answer:
    """Restart every dyno of one process type."""
    app = call.app
    row = find_row(app, call.params["type"])
    call.heroku.restart(app, call.now, process_type=row.type)
    return Answer({}, ACCEPTED)


def list_sizes(call: Call) -> Answer:
    """Return the dyno sizes."""
    return call.page([dyno_size_json(size) for size in SIZES], "id", "name")


def list_available_sizes(call: Call) -> Answer:
    """Return the dyno sizes available to an app: all of its generation."""
    app = call.heroku.find_app(call.params["app"], call.account)
    sizes = [dyno_size_json(size) for size in sizes_of(app.generation)]
    return call.page(sizes, "id", "name")


ROUTES = (
    Route("GET", "/apps/{app}/dynos", list_dynos, READ),
    Route("GET", "/apps/{app}/dynos/{dyno}", show_dyno, READ),
    Route("DELETE", "/apps/{app}/dynos", restart_all, WRITE),
    Route("DELETE", "/apps/{app}/dynos/{dyno}", restart_one, WRITE),
    Route("POST", "/apps/{app}/dynos/{dyno}/actions/stop", restart_one, WRITE),
    Route("DELETE", "/apps/{app}/formations/{type}", restart_type, WRITE),
    Route("POST", "/apps/{app}/formations/{type}/actions/stop", restart_type, WRITE),
    Route("GET", "/apps/{app}/available-dyno-sizes", list_available_sizes, READ),
    Route("GET", "/dyno-sizes", list_sizes, READ),
)

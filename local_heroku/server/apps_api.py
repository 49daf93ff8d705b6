"""The routes of apps and releases, and lists that are always empty here."""

from __future__ import annotations

from typing import Any

from local_heroku.errors import ApiError, invalid_params, not_found
from local_heroku.render import app_json, release_json
from local_heroku.server.calls import (
    GLOBAL,
    READ,
    READ_PROTECTED,
    WRITE,
    Answer,
    Call,
    Route,
)


def list_apps(call: Call) -> Answer:
    """Return the apps of the account."""
    apps = [app for app in call.heroku.apps.values() if app.owner is call.account]
    return call.page([app_json(app) for app in apps], "name", "id", "updated_at")


def show_app(call: Call) -> Answer:
    """Return one app."""
    return Answer(app_json(call.app))


def update_app(call: Call) -> Answer:
    """Rename an app, or turn its maintenance mode on or off."""
    given = call.request.json()
    name, maintenance = given.get("name"), given.get("maintenance")
    app = call.app
    if isinstance(name, str):
        call.heroku.rename_app(app, name, call.now)
    elif isinstance(maintenance, bool):
        app.maintenance, app.updated_at = maintenance, call.now
    else:
        raise invalid_params(
            "Only the name and the maintenance mode of an app can be changed."
        )
    return Answer(app_json(app))


def delete_app(call: Call) -> Answer:
    """Delete an app; return it as it was."""
    app = call.app
    call.heroku.remove_app(app.id)
    return Answer(app_json(app))


def list_releases(call: Call) -> Answer:
    """Return the releases, oldest first by default."""
    return call.page(_releases(call), "version", "id")


def show_release(call: Call) -> Answer:
    """Return one release by version or uuid."""
    for release in _releases(call):
        if call.params["release"] in {str(release["version"]), release["id"]}:
            return Answer(release)
    raise not_found("release", "Couldn't find that release.")


def list_nothing(call: Call) -> Answer:
    """Return an empty list, which `heroku apps:info` needs."""
    call.heroku.find_app(call.params["app"], call.account)
    return call.page([])


def no_pipeline(call: Call) -> Answer:
    """Refuse, because the app is in no pipeline."""
    call.heroku.find_app(call.params["app"], call.account)
    raise not_found("pipeline-coupling", "Couldn't find that pipeline coupling.")


def no_such_route(call: Call) -> Answer:
    """Refuse an unknown path or method."""
    raise ApiError(
        404,
        message="The requested API endpoint was not found: "
        f"{call.request.method} {call.request.path}.",
    )


def _releases(call: Call) -> list[dict[str, Any]]:
    app = call.app
    return [release_json(app, release) for release in app.releases]


ROUTES = (
    Route("GET", "/apps", list_apps, READ),
    Route("GET", "/users/{user}/apps", list_apps, READ),
    Route("GET", "/apps/{app}", show_app, READ),
    Route("PATCH", "/apps/{app}", update_app, WRITE),
    Route("DELETE", "/apps/{app}", delete_app, GLOBAL),
    Route("GET", "/apps/{app}/releases", list_releases, READ_PROTECTED),
    Route("GET", "/apps/{app}/releases/{release}", show_release, READ_PROTECTED),
    Route("GET", "/apps/{app}/addons", list_nothing, READ),
    Route("GET", "/apps/{app}/collaborators", list_nothing, READ),
    Route("GET", "/apps/{app}/pipeline-couplings", no_pipeline, READ),
)
NO_SUCH_ROUTE = Route("*", "/{rest}", no_such_route, READ)

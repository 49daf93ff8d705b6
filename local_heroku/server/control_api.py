"""The control routes: create apps, inject faults, read the request log.

They need no credentials, but accept clients on the same machine only. Control
requests are free, never hit by a fault, and not logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from local_heroku.app_spec import read_app
from local_heroku.errors import ApiError, forbidden, invalid_params, not_found
from local_heroku.fault_spec import fault_json, read_fault
from local_heroku.formation_updates import read_updates
from local_heroku.heroku import Heroku
from local_heroku.render import formation_json
from local_heroku.server.calls import ApiRequest
from local_heroku.server.loopback import is_loopback
from local_heroku.state_view import app_state, state

Serve = Callable[[web.Request, dict[str, Any], datetime], Any]
ROOT = "/_control"


class ControlApi:
    """Serves the control routes.

    Args:
        heroku: the state.
        clock: returns the time, aware and in UTC.
        end_delays: ends the delays of faults.
    """

    def __init__(
        self,
        heroku: Heroku,
        clock: Callable[[], datetime],
        end_delays: Callable[[], None],
    ) -> None:
        self.heroku = heroku
        self.clock = clock
        self.end_delays = end_delays

    def add_to(self, application: web.Application) -> None:
        """Add the routes to the application."""
        routes: tuple[tuple[str, str, Serve], ...] = (
            ("GET", "/state", self.show_state),
            ("DELETE", "/state", self.clear_state),
            ("GET", "/apps", self.list_apps),
            ("POST", "/apps", self.create_app),
            ("GET", "/apps/{app}", self.show_app),
            ("PATCH", "/apps/{app}", self.rename_app),
            ("DELETE", "/apps/{app}", self.delete_app),
            ("PATCH", "/apps/{app}/formation", self.scale),
            ("POST", "/apps/{app}/releases", self.release),
            ("POST", "/apps/{app}/dynos/{dyno}/crash", self.crash),
            ("POST", "/apps/{app}/dynos/{dyno}/cycle", self.cycle),
            ("POST", "/accounts", self.create_account),
            ("PUT", "/accounts/{account}/remaining", self.set_remaining),
            ("POST", "/tokens", self.create_token),
            ("DELETE", "/tokens/{token}", self.revoke_token),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.create_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{fault}", self.delete_fault),
            ("GET", "/requests", self.list_requests),
            ("DELETE", "/requests", self.clear_requests),
            ("GET", "/cost", self.cost),
        )
        for method, path, serve in routes:
            application.router.add_route(method, ROOT + path, self._handler(serve))
        application.router.add_route(
            "*", ROOT + "{rest:.*}", self._handler(_no_such_route)
        )

    def _handler(
        self, serve: Serve
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                _require_loopback(request)
                body = ApiRequest("", "", content=await request.read()).json()
                now = self.clock()
                self.heroku.advance(now)
                return web.json_response(serve(request, body, now))
            except ApiError as error:
                return web.json_response(error.body, status=error.status)

        return handle

    # State and apps

    def show_state(self, *_: object) -> Any:
        """Return accounts, tokens, apps and faults."""
        return state(self.heroku, self.clock())

    def clear_state(self, _: web.Request, __: object, now: datetime) -> Any:
        """Remove apps, faults, the log, and all accounts but the default."""
        self.heroku.clear(now)
        self.end_delays()
        return {}

    def list_apps(self, *_: object) -> Any:
        """Return all apps with their dynos."""
        return [app_state(app) for app in self.heroku.apps.values()]

    def create_app(self, _: web.Request, body: dict[str, Any], now: datetime) -> Any:
        """Create an app."""
        return app_state(self.heroku.add_app(read_app(body), now))

    def show_app(self, request: web.Request, *_: object) -> Any:
        """Return one app with its dynos."""
        return app_state(self.heroku.find_app(request.match_info["app"]))

    def rename_app(
        self, request: web.Request, body: dict[str, Any], now: datetime
    ) -> Any:
        """Give an app another name, and another address with it."""
        app = self.heroku.find_app(request.match_info["app"])
        self.heroku.rename_app(
            app, str(body.get("name") or ""), now, body.get("web_url")
        )
        return app_state(app)

    def delete_app(self, request: web.Request, *_: object) -> Any:
        """Remove an app."""
        self.heroku.remove_app(request.match_info["app"])
        return {}

    def scale(self, request: web.Request, body: dict[str, Any], now: datetime) -> Any:
        """Scale as a person would, at no cost to any pool."""
        app = self.heroku.find_app(request.match_info["app"])
        self.heroku.scale(app, read_updates(body), now)
        return [formation_json(app, row) for row in app.formation.values()]

    def release(self, request: web.Request, body: dict[str, Any], now: datetime) -> Any:
        """Create a release, which restarts all dynos."""
        app = self.heroku.find_app(request.match_info["app"])
        release = self.heroku.release(
            app,
            now,
            description=str(body.get("description") or "Deploy"),
            release_phase=bool(body.get("release_phase")),
        )
        return {"id": release.id, "version": release.version}

    def crash(self, request: web.Request, _: object, now: datetime) -> Any:
        """Crash a dyno."""
        app = self.heroku.find_app(request.match_info["app"])
        dyno = self.heroku.find_dyno(app, request.match_info["dyno"])
        self.heroku.lifecycle.crash(dyno, now)
        return {}

    def cycle(self, request: web.Request, _: object, now: datetime) -> Any:
        """Restart a dyno, as Heroku does once a day."""
        app = self.heroku.find_app(request.match_info["app"])
        dyno = self.heroku.find_dyno(app, request.match_info["dyno"])
        self.heroku.lifecycle.restart(app, dyno, now)
        return {}

    # Accounts and tokens

    def create_account(
        self, _: web.Request, body: dict[str, Any], now: datetime
    ) -> Any:
        """Create an account with its own pool."""
        account = self.heroku.add_account(str(body.get("name") or ""), now)
        return {"id": account.id, "name": account.name}

    def set_remaining(
        self, request: web.Request, body: dict[str, Any], now: datetime
    ) -> Any:
        """Set how many requests an account has left."""
        account = self.heroku.find_account(request.match_info["account"])
        remaining = body.get("remaining")
        if not isinstance(remaining, int) or remaining < 0:
            raise invalid_params(f"remaining must be 0 or more, not {remaining!r}.")
        account.pool.set_remaining(remaining, now)
        return {"remaining": account.pool.remaining(now)}

    def create_token(self, _: web.Request, body: dict[str, Any], *__: object) -> Any:
        """Create a token of an account."""
        token = self.heroku.add_token(
            str(body.get("name") or ""),
            str(body.get("token") or ""),
            str(body.get("account") or "default"),
            body.get("scopes") or ["global"],
        )
        return {"name": token.name, "scopes": list(token.scopes)}

    def revoke_token(self, request: web.Request, *_: object) -> Any:
        """Remove a token."""
        self.heroku.revoke_token(request.match_info["token"])
        return {}

    # Faults

    def list_faults(self, *_: object) -> Any:
        """Return the faults, including spent ones."""
        return [fault_json(fault) for fault in self.heroku.faults.all]

    def create_fault(self, _: web.Request, body: dict[str, Any], *__: object) -> Any:
        """Inject a fault."""
        fault = read_fault(self.heroku.ids.new("fault"), body)
        self.heroku.faults.all.append(fault)
        return fault_json(fault)

    def clear_faults(self, *_: object) -> Any:
        """Remove all faults, and end those under way."""
        self.heroku.faults.all.clear()
        self.end_delays()
        return {}

    def delete_fault(self, request: web.Request, *_: object) -> Any:
        """Remove one fault."""
        for fault in self.heroku.faults.all:
            if fault.id == request.match_info["fault"]:
                self.heroku.faults.all.remove(fault)
                return {}
        raise not_found("fault", "Couldn't find that fault.")

    # Request log

    def list_requests(self, request: web.Request, *_: object) -> Any:
        """Return the requests, filtered by `?method=`, `?path=` and `?app=`."""
        return [entry.as_json() for entry in self._filtered(request)]

    def clear_requests(self, *_: object) -> Any:
        """Clear the request log."""
        self.heroku.log.clear()
        return {}

    def cost(self, request: web.Request, *_: object) -> Any:
        """Return what the requests cost, with the same filters."""
        return {"cost": sum(entry.cost for entry in self._filtered(request))}

    def _filtered(self, request: web.Request) -> list[Any]:
        query = request.query
        return list(
            self.heroku.log.filtered(
                method=query.get("method"),
                path=query.get("path"),
                app=query.get("app"),
            )
        )


def _no_such_route(request: web.Request, *_: object) -> Any:
    raise not_found(
        "route", f"Couldn't find that control route ({request.method} {request.path})."
    )


def _require_loopback(request: web.Request) -> None:
    """Refuse a client that is not on this machine."""
    if not is_loopback(request.remote):
        raise forbidden("The control routes are for clients on the same machine.")

"""Put the routes together into one aiohttp application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TextIO

from aiohttp import web

from local_heroku.heroku import Heroku
from local_heroku.server import account_api, apps_api, dynos_api, formation_api
from local_heroku.server.calls import ApiRequest, Route
from local_heroku.server.control_api import ControlApi
from local_heroku.server.delivery import deliver
from local_heroku.server.pipeline import serve

ROUTES = (
    *account_api.ROUTES,
    *apps_api.ROUTES,
    *formation_api.ROUTES,
    *dynos_api.ROUTES,
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PlatformApi:
    """Serves the Platform API from the state.

    Args:
        heroku: the state.
        clock: gives the time, aware and in UTC.
        log: where each request is written as one line of JSON.
    """

    def __init__(
        self, heroku: Heroku, clock: Callable[[], datetime], log: TextIO | None = None
    ) -> None:
        self.heroku = heroku
        self.clock = clock
        self.log = log
        self._released = asyncio.Event()

    def release_waiting(self) -> None:
        """End what hangs or drips: the faults were cleared."""
        self._released.set()
        self._released = asyncio.Event()

    def handler(self, route: Route) -> Handler:
        """Return the handler of one route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(route, request)

        return handle

    async def _handle(self, route: Route, request: web.Request) -> web.StreamResponse:
        asked = ApiRequest(
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            content=await request.read(),
        )
        outcome = serve(self.heroku, self.clock(), route, request.match_info, asked)
        try:
            return await deliver(request, outcome, self._wait)
        finally:
            if self.log is not None:
                self.log.write(json.dumps(outcome.entry.as_json()) + "\n")
                self.log.flush()

    async def _wait(self, seconds: float | None) -> None:
        """Wait so long, or until the faults are cleared."""
        released = self._released
        try:
            await asyncio.wait_for(released.wait(), seconds)
        except TimeoutError:
            return


def build(
    heroku: Heroku, clock: Callable[[], datetime], log: TextIO | None = None
) -> web.Application:
    """Return the application: the Platform API and the control routes."""
    platform_api = PlatformApi(heroku, clock, log)
    application = web.Application()
    ControlApi(heroku, clock, platform_api.release_waiting).add_to(application)
    for route in ROUTES:
        application.router.add_route(
            route.method, route.path, platform_api.handler(route)
        )
    application.router.add_route(
        "*", "/{rest:.*}", platform_api.handler(apps_api.NO_SUCH_ROUTE)
    )

    async def end_waiting(_: web.Application) -> None:
        platform_api.release_waiting()

    application.on_shutdown.append(end_waiting)
    return application

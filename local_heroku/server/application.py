"""The aiohttp application: the Platform API and the control routes."""

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
    """Serves the Platform API.

    Args:
        heroku: the state.
        clock: returns the time, aware and in UTC.
        log: a file to write each request to, as a line of JSON.
    """

    def __init__(
        self, heroku: Heroku, clock: Callable[[], datetime], log: TextIO | None = None
    ) -> None:
        self.heroku = heroku
        self.clock = clock
        self.log = log
        self._released = asyncio.Event()

    def end_delays(self) -> None:
        """End the delays of faults, because they were cleared."""
        self._released.set()
        self._released = asyncio.Event()

    def handler(self, route: Route) -> Handler:
        """Return the handler of a route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(route, request)

        return handle

    async def _handle(self, route: Route, request: web.Request) -> web.StreamResponse:
        api_request = ApiRequest(
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            content=await request.read(),
        )
        outcome = serve(
            self.heroku, self.clock(), route, request.match_info, api_request
        )
        try:
            return await deliver(request, outcome, self._wait)
        finally:
            if self.log is not None:
                self.log.write(json.dumps(outcome.entry.as_json()) + "\n")
                self.log.flush()

    async def _wait(self, seconds: float | None) -> None:
        """Wait so many seconds, or until the faults are cleared."""
        released = self._released
        try:
            await asyncio.wait_for(released.wait(), seconds)
        except TimeoutError:
            return


def build(
    heroku: Heroku, clock: Callable[[], datetime], log: TextIO | None = None
) -> web.Application:
    """Return the application."""
    platform_api = PlatformApi(heroku, clock, log)
    application = web.Application()
    ControlApi(heroku, clock, platform_api.end_delays).add_to(application)
    for route in ROUTES:
        application.router.add_route(
            route.method, route.path, platform_api.handler(route)
        )
    application.router.add_route(
        "*", "/{rest:.*}", platform_api.handler(apps_api.NO_SUCH_ROUTE)
    )

    async def end_all_delays(_: web.Application) -> None:
        platform_api.end_delays()

    application.on_shutdown.append(end_all_delays)
    return application

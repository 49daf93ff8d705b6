"""Serve the counts from any WSGI app: `app = CountsMiddleware(app, jobs)`."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Callable, Optional

from scalar_agent.endpoint import Endpoint, is_counts_path
from scalar_agent.work import Jobs

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class CountsMiddleware:
    """A WSGI app that serves the counts and passes on every other request."""

    def __init__(
        self,
        app: WsgiApp,
        jobs: Jobs,
        *,
        token: Optional[str] = None,
        open_to_everyone: bool = False,
    ) -> None:
        """Wrap an app; see `Endpoint` for the options."""
        self._app = app
        self._endpoint = Endpoint(jobs, token=token, open_to_everyone=open_to_everyone)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request for the counts, or pass it on to the app."""
        if not is_counts_path(environ.get("PATH_INFO", "")):
            return self._app(environ, start_response)
        answer = self._endpoint.answer(
            environ["REQUEST_METHOD"],
            environ.get("HTTP_AUTHORIZATION"),
            environ.get("HTTP_ACCEPT"),
            environ.get("HTTP_SCALAR_KEEP"),
        )
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        start_response(status, list(answer.headers))
        return [answer.body]

"""Serve the counts from any ASGI app: `app = CountsMiddleware(app, jobs)`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable, Optional

from scalar_agent.endpoint import Answer, Endpoint, is_counts_path
from scalar_agent.work import Jobs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]


class CountsMiddleware:
    """An ASGI app that serves the counts and passes on everything else."""

    def __init__(
        self,
        app: AsgiApp,
        jobs: Jobs,
        *,
        token: Optional[str] = None,
        open_to_everyone: bool = False,
    ) -> None:
        """Wrap an app; see `Endpoint` for the options."""
        self._app = app
        self._endpoint = Endpoint(jobs, token=token, open_to_everyone=open_to_everyone)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request for the counts in a thread, or pass it on to the app."""
        if scope["type"] != "http" or not is_counts_path(_path(scope)):
            await self._app(scope, receive, send)
            return
        answer = await asyncio.to_thread(
            self._endpoint.answer,
            scope["method"],
            _header(scope, b"authorization"),
            _header(scope, b"accept"),
            _header(scope, b"scalar-keep"),
        )
        await _send(answer, send)


async def _send(answer: Answer, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
    ]
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": answer.body})


def _path(scope: Message) -> str:
    """Return the path relative to where the server has mounted the app."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _header(scope: Message, wanted: bytes) -> Optional[str]:
    values = [
        value.decode("latin-1") for name, value in scope["headers"] if name == wanted
    ]
    return ", ".join(values) if values else None

"""A scaled app's API: a real HTTP server that can misbehave."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from requests.structures import CaseInsensitiveDict

from devtools.certificates import Certificate
from tests.support.counts_server import CountsServer

KINDS = (
    "cut",
    "drip",
    "drip_body",
    "drip_headers",
    "drop",
    "hang",
    "huge",
    "redirect",
    "reset",
    "slow",
)


@dataclass(frozen=True)
class Seen:
    """A request received.

    Attributes:
        headers: Case-insensitive.
        at: When it was received, in UTC.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Answer:
    """The answer of a healthy app."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """What an unhealthy app does instead; one of `KINDS`, with its options."""

    kind: str
    options: Mapping[str, Any]


class CountsApp:
    """A server on a free port; `with CountsApp() as app:` starts and ends it.

    It answers `{}` until a test changes that. Each change applies to later requests.

    Attributes:
        url: Where the counts are.
        requests: The requests so far.
        connections: The number of connections so far.
    """

    def __init__(self, tls: Certificate | None = None, host: str = "127.0.0.1") -> None:
        self._server = CountsServer(self, host, tls)
        scheme = "https" if tls else "http"
        self.port: int = self._server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}/api/scalar_tasks/"
        self.requests: list[Seen] = []
        self.connections = 0
        self.released = threading.Event()
        self.auth: str | None = None
        self.healthy = Answer(b"{}")
        self.behaviour: Behaviour | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def answer(
        self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with JSON, or with raw bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.healthy = Answer(raw, status, dict(headers or {}))
        self.behaviour = None

    def behave(self, kind: str, **options: Any) -> None:
        """Misbehave until `answer` is called.

        `hang`: do not answer; close the connection when released.
        `drip`, `every=0.05, where="body"`: send one byte every `every` seconds, in
            the `body` or the `headers`. Also `drip_body`, `drip_headers`.
        `drop`: answer as last set, then close the connection unannounced.
        `huge`, `size`: answer with `size` bytes.
        `redirect`, `to`: redirect to `to`.
        `cut`: close the connection before the announced length is reached.
        `reset`: end the connection with a TCP reset.
        `slow`, `seconds, body=None`: answer late; as last set if there is no body.

        Raises:
            ValueError: The kind is unknown.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")
        self.behaviour = Behaviour(kind, options)

    def require_auth(self, user: str, password: str) -> None:
        """Answer 401 unless a request has these credentials."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.auth = f"Basic {pair}"

    def release(self) -> None:
        """End the requests that hang, drip or are slow now, but not later ones."""
        released, self.released = self.released, threading.Event()
        released.set()

    def clear(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    def record(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Record a request; called by the server."""
        self.requests.append(Seen(method, path, CaseInsensitiveDict(headers)))

"""A scaled app's API: a real HTTP server that behaves, or does not."""

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
    """A request that came in.

    Attributes:
        headers: By name, whatever its case.
        at: When it came, in UTC.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Answer:
    """What a healthy app answers."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Behaviour:
    """What a sick app does instead; one of `KINDS`, with its options."""

    kind: str
    options: Mapping[str, Any]


class CountsApp:
    """A server on a free port; `with CountsApp() as app:` starts and ends it.

    It answers `{}` until it is told otherwise. Every change holds for the
    requests that come after it.

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
        """Answer with JSON, or with bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.healthy = Answer(raw, status, dict(headers or {}))
        self.behaviour = None

    def behave(self, kind: str, **options: Any) -> None:
        """Do what a healthy app does not, until `answer` is called.

        `hang`: answer nothing until released, then hang up.
        `drip`, `every=0.05, where="body"`: send a byte every so many seconds,
            in the `body` or the `headers`. Also `drip_body`, `drip_headers`.
        `drop`: answer as last told, then hang up without having said so.
        `huge`, `size`: answer with so many bytes.
        `redirect`, `to`: send elsewhere.
        `cut`: hang up before the announced length is reached.
        `reset`: end the connection with a TCP reset.
        `slow`, `seconds, body=None`: answer late, as last told if without a body.

        Raises:
            ValueError: There is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no behaviour; there are {', '.join(KINDS)}")
        self.behaviour = Behaviour(kind, options)

    def require_auth(self, user: str, password: str) -> None:
        """Answer 401 to anybody else."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.auth = f"Basic {pair}"

    def release(self) -> None:
        """End what hangs, drips or is slow now; what comes later may again."""
        released, self.released = self.released, threading.Event()
        released.set()

    def clear(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    def record(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Keep a request; the server calls this."""
        self.requests.append(Seen(method, path, CaseInsensitiveDict(headers)))

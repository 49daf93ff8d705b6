"""A scaled app's API: a real HTTP server that behaves, or does not."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]


class CountsApp:
    """A server on a free port; `with CountsApp() as app:` starts and ends it."""

    def __init__(self, tls=None, host: str = "127.0.0.1") -> None:
        self._server = _Server((host, 0), _Handler)
        self._server.app = self
        scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}/api/scalar_tasks/"
        self.requests: list[Seen] = []
        self.connections = 0
        self.released = threading.Event()
        self.auth: str | None = None
        self.answer({})

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
        self._server.server_close()

    def answer(self, body: Any, status: int = 200, headers=None) -> None:
        """Answer with JSON, or with bytes as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._kind, self._options = "answer", (raw, status, dict(headers or {}))

    def behave(self, kind: str, **options: Any) -> None:
        """Answer in a way that a healthy app does not."""
        self._kind, self._options = kind, options

    def require_auth(self, user: str, password: str) -> None:
        """Answer 401 to anybody else."""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.auth = f"Basic {pair}"

    def clear(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 256
    app: CountsApp

    def process_request(self, request, client_address):
        self.app.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        """Say nothing: clients that go away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 2.0

    @property
    def app(self) -> CountsApp:
        return self.server.app

    def do_GET(self) -> None:
        app = self.app
        app.requests.append(Seen(self.command, self.path, dict(self.headers)))
        if app.auth and self.headers.get("Authorization") != app.auth:
            self._send(401, b"no", {"WWW-Authenticate": "Basic"})
        elif app._kind == "answer":
            raw, status, headers = app._options
            self._send(status, raw, headers)
        else:
            self.close_connection = True
            getattr(self, f"_{app._kind}")(**app._options)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang(self) -> None:
        self.app.released.wait()

    def _slow(self, seconds: float, body: Any) -> None:
        self.app.released.wait(seconds)
        self._send(200, json.dumps(body).encode(), {})

    def _drip_headers(self, every: float = 0.05) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self._drip(every)

    def _drip_body(self, every: float = 0.05) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        self._drip(every)

    def _drip(self, every: float) -> None:
        while not self.app.released.wait(every):
            try:
                self.wfile.write(b" ")
            except OSError:
                return

    def _huge(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        block = b" " * 65536
        try:
            for _ in range(size // len(block)):
                self.wfile.write(block)
        except OSError:
            return

    def _redirect(self, to: str) -> None:
        self._send(302, b"", {"Location": to})

    def _cut(self) -> None:
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"worker": 0')

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Log nothing."""

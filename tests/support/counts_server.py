"""The HTTP server of `CountsApp`: each behaviour on the wire."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from devtools.certificates import Certificate

if TYPE_CHECKING:
    from tests.support.counts_app import Answer, CountsApp


class CountsServer(ThreadingHTTPServer):
    """Serves every connection in a thread, and can end them all."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 256

    def __init__(self, app: CountsApp, host: str, tls: Certificate | None) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, 0), _Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def server_bind(self) -> None:
        """Bind without a DNS lookup of our own name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection, and track it so that it can be closed."""
        self.app.connections += 1
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Stop tracking a closed connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake the threads that read from or write to a client."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    # Not SSLSocket's own method, which belongs to the thread using it.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: tests disconnect clients on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def app(self) -> CountsApp:
        return cast("CountsServer", self.server).app

    def do_GET(self) -> None:
        app = self.app
        # Read together, before a test changes them.
        healthy, behaviour = app.healthy, app.behaviour
        app.record(self.command, self.path, dict(self.headers))
        if app.auth and self.headers.get("Authorization") != app.auth:
            self._send(401, b"no", {"WWW-Authenticate": "Basic"})
        elif behaviour is None:
            self._send_answer(healthy)
        else:
            self.close_connection = behaviour.kind not in ("redirect", "slow")
            self._healthy = healthy
            getattr(self, f"_{behaviour.kind}")(**behaviour.options)

    def _send_answer(self, answer: Answer) -> None:
        self._send(answer.status, answer.body, dict(answer.headers))

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang(self) -> None:
        self.app.released.wait()

    def _slow(self, seconds: float, body: Any = None) -> None:
        self.app.released.wait(seconds)
        if body is None:
            self._send_answer(self._healthy)
        else:
            self._send(200, json.dumps(body).encode(), {})

    def _drop(self) -> None:
        self._send_answer(self._healthy)

    def _drip(self, every: float = 0.05, where: str = "body") -> None:
        start = {
            "headers": b"HTTP/1.1 200 OK\r\nX-Long: ",
            "body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        }
        self.wfile.write(start[where])
        released = self.app.released
        with suppress(OSError):
            while not released.wait(every):
                self.wfile.write(b" ")

    def _drip_headers(self, every: float = 0.05) -> None:
        self._drip(every, "headers")

    def _drip_body(self, every: float = 0.05) -> None:
        self._drip(every, "body")

    def _huge(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        block = b" " * 65536
        with suppress(OSError):
            for start in range(0, size, len(block)):
                self.wfile.write(block[: size - start])

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

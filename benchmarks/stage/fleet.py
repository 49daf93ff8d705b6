"""Many apps in one cheap server process, with or without TLS.

Each app may have its own address in 127.0.0.0/8, so that it is a separate host to a
client. An app's count can be set, and an app can be made to hang. The server counts
each app's requests.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int32, c_uint32
from dataclasses import dataclass
from typing import Any

from devtools.certificates import Certificate

END = b"\r\n\r\n"
#: The count of an app that never answers.
HANGS = -1


def address(number: int) -> str:
    """Return the address of an app, by its number from 0."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


@dataclass(frozen=True)
class Fleet:
    """A running fleet.

    Attributes:
        urls: The URL of each app's counts.
        asked: How often each app was polled.
        counts: What each app reports for its process type `worker`; or `HANGS`.
    """

    urls: list[str]
    asked: Any
    counts: Any

    def polls(self) -> int:
        """Return how often the apps were polled, all together."""
        return sum(self.asked)


def answer(count: int) -> bytes:
    """Return an app's complete HTTP response."""
    body = b'{"worker": %d}' % count
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


class _App(asyncio.Protocol):
    """One connection; requests may arrive in pieces."""

    def __init__(self, asked: Any, counts: Any) -> None:
        self._asked, self._counts = asked, counts
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while END in self._seen:
            head, _, self._seen = self._seen.partition(END)
            number = int(head.split(b" ", 2)[1][1:])
            self._asked[number] += 1
            if self._counts[number] != HANGS:
                response = answer(self._counts[number])
                self._transport.write(response)  # type: ignore[attr-defined] # a socket's


@contextmanager
def fleet(
    apps: int, certificate: Certificate | None = None, *, hosts: int = 1
) -> Iterator[Fleet]:
    """Serve some apps on some addresses; stop the server at the end."""
    asked = multiprocessing.RawArray(c_uint32, apps)
    counts = multiprocessing.RawArray(c_int32, [1] * apps)
    sockets = [_listening(address(0), 0)]
    port = sockets[0].getsockname()[1]
    sockets += [_listening(address(number), port) for number in range(1, hosts)]
    scheme = "https" if certificate else "http"
    urls = [
        f"{scheme}://{address(number % hosts)}:{port}/{number}"
        for number in range(apps)
    ]
    context = multiprocessing.get_context("fork")
    server = context.Process(
        target=_serve, args=(sockets, asked, counts, certificate), daemon=True
    )
    server.start()
    for one in sockets:
        one.close()
    try:
        yield Fleet(urls, asked, counts)
    finally:
        server.terminate()
        server.join()


def _listening(host: str, port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((host, port))
    one.listen(1024)
    return one


def _serve(
    sockets: list[socket.socket],
    asked: Any,
    counts: Any,
    certificate: Certificate | None,
) -> None:
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.cert, certificate.key)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for one in sockets:
            await loop.create_server(lambda: _App(asked, counts), sock=one, ssl=tls)
        await asyncio.Event().wait()

    asyncio.run(run())

"""Many apps in one cheap server: a process of its own, with or without TLS.

Each app has an address of its own in 127.0.0.0/8, so that to a client it is a
host of its own. Every answer is the same; how often each app was asked is kept.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_uint32
from dataclasses import dataclass
from typing import Any

from devtools.certificates import Certificate

BODY = b'{"worker": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + (
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
END = b"\r\n\r\n"


def address(number: int) -> str:
    """Return the address of an app, by its number from 0."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


@dataclass(frozen=True)
class Fleet:
    """A fleet that is being served.

    Attributes:
        pid: Of the server's process.
        asked: How often each app was asked.
    """

    urls: list[str]
    pid: int
    asked: Any

    def polls(self) -> int:
        """Return how often the apps were asked, all together."""
        return sum(self.asked)


class _App(asyncio.Protocol):
    """One connection; requests may come in pieces."""

    def __init__(self, asked: Any) -> None:
        self._asked = asked
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while END in self._seen:
            head, _, self._seen = self._seen.partition(END)
            self._asked[int(head.split(b" ", 2)[1][1:])] += 1
            self._transport.write(ANSWER)  # type: ignore[attr-defined] # a socket's


@contextmanager
def fleet(
    apps: int, certificate: Certificate | None = None, *, hosts: int = 1
) -> Iterator[Fleet]:
    """Serve so many apps on so many addresses; end the server afterwards."""
    asked = multiprocessing.RawArray(c_uint32, apps)
    sockets = [_listening(address(number), 0) for number in range(1)]
    port = sockets[0].getsockname()[1]
    sockets += [_listening(address(number), port) for number in range(1, hosts)]
    scheme = "https" if certificate else "http"
    urls = [
        f"{scheme}://{address(number % hosts)}:{port}/{number}"
        for number in range(apps)
    ]
    context = multiprocessing.get_context("fork")
    server = context.Process(target=_serve, args=(sockets, asked, certificate))
    server.start()
    for one in sockets:
        one.close()
    try:
        yield Fleet(urls, server.pid or 0, asked)
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
    sockets: list[socket.socket], asked: Any, certificate: Certificate | None
) -> None:
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.cert, certificate.key)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for one in sockets:
            await loop.create_server(lambda: _App(asked), sock=one, ssl=tls)
        await asyncio.Event().wait()

    asyncio.run(run())

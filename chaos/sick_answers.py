"""How a sick app answers. An unknown count often looks like a count of 0."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

#: A body that would scale everything to 0 if it were believed.
TEMPTING = b'{"worker": 0, "mailer": 0, "web": 0}'
#: The size of an answer that should not be read.
HUGE = 100 * 1024 * 1024
BLOCK = b" " * 65_536
#: Seconds after which a slow app answers; the scaler's timeout is longer.
SLOW = 1.1
#: Seconds between two bytes of an app that drips; less than the read timeout.
DRIP = 0.2
#: Levels of a nested answer.
DEEP = 20_000


@dataclass
class Reply:
    """One request that is being answered.

    Attributes:
        app: The app's name.
        writer: The connection.
        counts: Returns what a healthy app would report now.
        note: Logs the counts that the answer reveals.
        well: Set when the app is healthy again; ends a hang.
        address: `http://HOST:PORT` of this server, under its other name.
        secret: The header that signed the request.
        plain: A URL of the same host without TLS.
        keep: Whether to keep the connection open afterwards.
    """

    app: str
    writer: asyncio.StreamWriter
    counts: Callable[[], Mapping[str, int]]
    note: Callable[[Mapping[str, int | None]], None]
    well: asyncio.Event
    address: str
    secret: str = ""
    plain: str = ""
    keep: bool = True
    _noted: bool = field(default=False)

    def unknown(self) -> None:
        """Log that the answer reveals no count."""
        self.note(dict.fromkeys(self.counts()))

    def send(
        self,
        body: bytes,
        status: int = 200,
        length: int | None = None,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        """Send an answer; `length` overrides the true Content-Length."""
        lines = [f"HTTP/1.1 {status} Sick", f"Content-Type: {media_type}"]
        lines.append(f"Content-Length: {len(body) if length is None else length}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send_counts(self) -> None:
        """Send the current counts, as a healthy app does."""
        counts = self.counts()
        self.note(dict(counts))
        self.send(json.dumps(counts).encode())

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until the app is healthy, or for some seconds; return whether it is."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.well.wait(), seconds)
        return self.well.is_set()


Sick = Callable[[Reply], Awaitable[None]]


def _body(body: bytes) -> Sick:
    async def answer(reply: Reply) -> None:
        reply.unknown()
        reply.send(body)

    return answer


def of_status(status: int) -> Sick:
    """Return an answer with an error status and counts of 0."""

    async def answer(reply: Reply) -> None:
        reply.unknown()
        reply.send(TEMPTING, status)

    return answer


async def _hang(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False
    await reply.wait()


async def _slow(reply: Reply) -> None:
    await reply.wait(SLOW)
    reply.send_counts()


async def _no_answer(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False


async def _reset(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False
    connection = reply.writer.get_extra_info("socket")
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    reply.writer.transport.abort()


async def _cut(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False
    reply.send(TEMPTING, length=len(TEMPTING) + 10)


async def _cut_chunk(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply.writer.write(head + f"{len(TEMPTING):x}".encode() + b"\r\n" + TEMPTING)


async def _drip_headers(reply: Reply) -> None:
    reply.unknown()
    await _drip(reply, b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")


async def _drip_body(reply: Reply) -> None:
    reply.unknown()
    await _drip(reply, b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" ")


async def _drip(reply: Reply, start: bytes, drop: bytes) -> None:
    reply.keep = False
    reply.writer.write(start)
    while not await reply.wait(DRIP):
        reply.writer.write(drop)
        await reply.writer.drain()


async def _huge(reply: Reply) -> None:
    reply.unknown()
    reply.keep = False
    start = TEMPTING[:-1] + b', "rest": "'
    reply.send(start, length=HUGE)
    for _ in range(HUGE // len(BLOCK)):
        if reply.writer.is_closing():
            return
        reply.writer.write(BLOCK)
        await reply.writer.drain()


async def _null(reply: Reply) -> None:
    """Report null for the first process type and valid counts for the others."""
    counts: dict[str, int | None] = dict(reply.counts())
    counts[next(iter(counts))] = None
    reply.note(counts)
    reply.send(json.dumps(counts).encode())


async def _twice(reply: Reply) -> None:
    """Name each process type twice, which is ambiguous."""
    reply.unknown()
    members = [f'"{name}": {n}' for name in reply.counts() for n in (0, 55)]
    reply.send(f"{{{', '.join(members)}}}".encode())


async def _huge_numbers(reply: Reply) -> None:
    reply.unknown()
    values = ("1e999", "9" * 5_000)
    members = [
        f'"{name}": {values[place % 2]}' for place, name in enumerate(reply.counts())
    ]
    reply.send(f"{{{', '.join(members)}}}".encode())


async def _redirect_loop(reply: Reply) -> None:
    reply.unknown()
    reply.send(b"", 302, headers={"Location": f"/loop/{reply.app}"})


async def _redirect_elsewhere(reply: Reply) -> None:
    reply.unknown()
    target = f"{reply.address}/elsewhere/{reply.app}"
    reply.send(b"", 307, headers={"Location": target})


async def _redirect_to_http(reply: Reply) -> None:
    reply.unknown()
    reply.send(b"", 307, headers={"Location": reply.plain})


async def _echo(reply: Reply) -> None:
    """Answer with what was sent, in every place that may be logged."""
    reply.unknown()
    signed = reply.secret.removeprefix("Basic ")
    plain = base64.b64decode(signed).decode()
    password = plain.partition(":")[2]
    quoted = quote(password, safe="")
    said = f"{reply.secret} {plain} {quoted} https://{plain}@host/ ?token={quoted}"
    values = (said, {"error": said}, [said])
    members = {
        name: values[place % len(values)] for place, name in enumerate(reply.counts())
    }
    reply.send(json.dumps({**members, "error": said, password: said}).encode())


#: Answers by name in the catalog; `of_status` makes those with a status.
SICK: dict[str, Sick] = {
    "app hang": _hang,
    "app slow": _slow,
    "app no answer": _no_answer,
    "app reset": _reset,
    "app cut": _cut,
    "app cut chunk": _cut_chunk,
    "app empty": _body(b""),
    "app html": _body(b"<html>" + TEMPTING + b"</html>"),
    "app garbage": _body(b"\xff\xfe\x00" + TEMPTING),
    "app deep": _body(b'{"worker": ' + b"[" * DEEP + b"0" + b"]" * DEEP + b"}"),
    "app negative": _body(b'{"worker": -1, "mailer": -0.5, "web": -1}'),
    "app drip headers": _drip_headers,
    "app drip body": _drip_body,
    "app 100 MB": _huge,
    "app twice": _twice,
    "app null": _null,
    "app huge numbers": _huge_numbers,
    "app redirect loop": _redirect_loop,
    "app redirect elsewhere": _redirect_elsewhere,
    "app redirect to http": _redirect_to_http,
    "app echo": _echo,
}

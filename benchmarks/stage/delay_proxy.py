"""A delay proxy that makes a server seem further away.

It is a process of its own. It forwards each chunk after a fixed delay, in both
directions and in order; it does not limit the bandwidth.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager

#: Most bytes read at a time.
PIECE = 65_536


@contextmanager
def far_away(port: int, round_trip: float) -> Iterator[int]:
    """Yield a port of 127.0.0.1 that forwards to another one.

    Args:
        port: The server's port on this machine.
        round_trip: Seconds to add to a round trip.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    context = multiprocessing.get_context("fork")
    relay = context.Process(
        target=_serve, args=(listening, port, round_trip / 2), daemon=True
    )
    relay.start()
    number: int = listening.getsockname()[1]
    listening.close()
    try:
        yield number
    finally:
        relay.terminate()
        relay.join()


def _serve(listening: socket.socket, port: int, delay: float) -> None:
    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            _pass_on(reader, back, delay), _pass_on(there, writer, delay)
        )

    async def run() -> None:
        await asyncio.start_server(connected, sock=listening)
        await asyncio.Event().wait()

    asyncio.run(run())


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
) -> None:
    """Forward each chunk after the delay; close when the other side has."""
    loop = asyncio.get_running_loop()
    try:
        while piece := await reader.read(PIECE):
            loop.call_later(delay, _write, writer, piece)
    except OSError:
        pass
    loop.call_later(delay, writer.close)


def _write(writer: asyncio.StreamWriter, piece: bytes) -> None:
    if not writer.is_closing():
        writer.write(piece)

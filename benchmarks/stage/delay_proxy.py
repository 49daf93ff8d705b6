"""A server that seems to be further away: a relay that holds back what passes.

It is a process of its own. Each piece is passed on so much later than it came,
in either direction and in its order; how much fits through is not limited.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager

#: Most bytes taken at a time.
PIECE = 65_536


@contextmanager
def far_away(port: int, round_trip: float) -> Iterator[int]:
    """Return a port of 127.0.0.1 that leads to another one.

    Args:
        port: Of the server on this machine.
        round_trip: Seconds that a question and its answer take longer.
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
    """Write each piece when its time has come; close when the other side has."""
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

"""Send an answer, or break its connection as a fault demands."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from local_heroku.faults import Fault, FaultKind
from local_heroku.server.pipeline import Outcome

# A linger time of zero makes the kernel send RST instead of FIN.
LINGER_ZERO = struct.pack("ii", 1, 0)
MISSING_BYTES = 64
RESETS = frozenset({FaultKind.RESET, FaultKind.APPLY_THEN_RESET, FaultKind.APPLY_LATE})

Wait = Callable[[float | None], Awaitable[None]]


async def deliver(
    request: web.Request, outcome: Outcome, wait: Wait
) -> web.StreamResponse:
    """Send the answer; set `entry.status` only if it is sent completely.

    Args:
        request: the request to answer.
        outcome: the answer, and the fault if there is one.
        wait: waits so many seconds; with None, until the faults are cleared.
    """
    fault = outcome.fault
    kind = fault.kind if fault else None
    if fault and kind is FaultKind.LATENCY:
        await wait(_seconds(fault))
    elif fault and kind is FaultKind.HANG:
        await wait(fault.seconds)
        return reset(request)
    elif kind in RESETS:
        return reset(request)
    elif kind is FaultKind.CUT:
        return await _cut(request, outcome)
    elif fault and kind is FaultKind.DRIP:
        return await _drip(request, outcome, fault, wait)
    outcome.entry.status = outcome.status
    return web.Response(
        status=outcome.status, headers=dict(outcome.headers), body=outcome.content
    )


def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection, without an answer."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        transport.abort()
    return web.Response()


def _seconds(fault: Fault) -> float:
    return 1 if fault.seconds is None else fault.seconds


async def _cut(request: web.Request, outcome: Outcome) -> web.StreamResponse:
    response = await _begin(request, outcome, len(outcome.content) + MISSING_BYTES)
    await response.write(outcome.content[: len(outcome.content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(
    request: web.Request, outcome: Outcome, fault: Fault, wait: Wait
) -> web.StreamResponse:
    response = await _begin(request, outcome, len(outcome.content))
    for byte in outcome.content:
        await response.write(bytes([byte]))
        await wait(_seconds(fault))
    await response.write_eof()
    outcome.entry.status = outcome.status
    return response


async def _begin(
    request: web.Request, outcome: Outcome, length: int
) -> web.StreamResponse:
    response = web.StreamResponse(status=outcome.status, headers=dict(outcome.headers))
    response.content_length = length
    await response.prepare(request)
    return response

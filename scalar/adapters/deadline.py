"""A deadline for a whole HTTP exchange.

A socket timeout restarts with every byte, so a server that sends one byte at a time
could hold a thread forever. Here the time left is checked before every read, headers
included.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

_local = threading.local()


class DeadlineExceeded(TimeoutError):
    """The deadline of the whole exchange has passed."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set a deadline for this thread's exchanges; nested ones can only shorten it."""
    outer: float | None = getattr(_local, "end", None)
    end = time.monotonic() + seconds
    _local.end = end if outer is None else min(end, outer)
    try:
        yield
    finally:
        _local.end = outer


def seconds_left(limit: float) -> float:
    """Return the seconds until this thread's deadline, at most `limit`.

    Raises:
        DeadlineExceeded: No time is left.
    """
    end: float | None = getattr(_local, "end", None)
    if end is None:
        return limit
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the deadline of the whole exchange has passed")
    return min(left, limit)


class _BoundedReader(io.RawIOBase):
    """Reads from a socket, with the time left as the timeout of each read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._read_timeout = sock.gettimeout() or 60.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(seconds_left(self._read_timeout))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(HTTPResponse):
    """An HTTP response whose reads respect the thread's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_BoundedReader(sock))

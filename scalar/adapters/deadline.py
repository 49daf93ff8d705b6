"""A time by which a whole HTTP exchange must have ended.

A socket's timeout starts again with every byte, so a server that drips could
hold a thread for ever. Here the time left is checked before every read, of the
headers too.
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
    """The time for the whole exchange is over."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Bound all exchanges of this thread; inner bounds only make it shorter."""
    outer: float | None = getattr(_local, "end", None)
    end = time.monotonic() + seconds
    _local.end = end if outer is None else min(end, outer)
    try:
        yield
    finally:
        _local.end = outer


def seconds_left(most: float) -> float:
    """Return the seconds left in this thread, at most `most`.

    Raises:
        DeadlineExceeded: None are left.
    """
    end: float | None = getattr(_local, "end", None)
    if end is None:
        return most
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the time for the whole exchange is over")
    return min(left, most)


class _BoundedReader(io.RawIOBase):
    """Reads from a socket, with the time left as its timeout."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._silence = sock.gettimeout() or 60.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(seconds_left(self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedResponse(HTTPResponse):
    """An HTTP response that keeps to the thread's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_BoundedReader(sock))

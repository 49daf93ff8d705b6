"""Connect to a host within one time for all of it: its name and all its addresses.

The standard library looks a name up for as long as the system likes, and gives each
address of a name the whole timeout.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from scalar.adapters.deadline import seconds_left

#: Lookups under way at a time, in a process. Beyond that, the system's name servers are
#: at fault, and one more thread would only wait for them as well.
MOST_LOOKUPS = 100
#: What `socket.getaddrinfo` returns.
Addresses = Sequence[tuple[int, int, int, str, Any]]


class _Lookup:
    """One lookup of a name, in a thread of its own; any number may wait for it."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._done = threading.Event()
        self._addresses: Addresses = ()
        self._error: OSError | None = None

    def run(self) -> None:
        try:
            self._addresses = socket.getaddrinfo(*self._where, type=socket.SOCK_STREAM)
        except OSError as exc:
            self._error = exc
        except Exception as exc:  # noqa: BLE001 - such as a label that is too long
            self._error = socket.gaierror(str(exc))
        self._done.set()

    def wait(self, seconds: float) -> Addresses:
        if not self._done.wait(seconds):
            raise TimeoutError("looking up the name timed out")
        if self._error is not None:
            raise self._error
        return self._addresses


_lookups: dict[tuple[str, int], _Lookup] = {}
_lock = threading.Lock()


def look_up(host: str, port: int, seconds: float) -> Addresses:
    """Return the addresses of a name.

    A lookup that takes longer goes on in its thread; the next caller waits for it.

    Raises:
        TimeoutError: Not known within so many seconds.
        OSError: There is no such name, or too many lookups are under way.
    """
    where = (host, port)
    with _lock:
        lookup = _lookups.get(where)
        if lookup is None:
            if len(_lookups) >= MOST_LOOKUPS:
                raise TimeoutError("too many names are being looked up")
            lookup = _lookups[where] = _Lookup(host, port)
            threading.Thread(target=_run, args=(lookup, where), daemon=True).start()
    return lookup.wait(seconds)


def _run(lookup: _Lookup, where: tuple[str, int]) -> None:
    try:
        lookup.run()
    finally:
        with _lock:
            del _lookups[where]


def open_connection(connection: HTTPConnection) -> socket.socket:
    """Return a socket that is connected to the host of urllib3's connection.

    Looking up the name and connecting take at most the connection's timeout. What is
    left of it is the timeout of the socket, for a TLS handshake.

    Raises:
        HTTPError: urllib3's error for what went wrong.
    """
    timeout = connection.timeout
    limit = timeout if isinstance(timeout, int | float) else 60.0
    end = time.monotonic() + seconds_left(limit)
    host, port = connection._dns_host.strip("[]"), connection.port or 0  # noqa: SLF001 - as urllib3's own does
    try:
        addresses = look_up(host, port, end - time.monotonic())
        sock = _connect(addresses, end, connection.socket_options or ())
    except socket.gaierror as exc:
        raise NameResolutionError(connection.host, connection, exc) from exc
    except TimeoutError as exc:
        what = f"Connection to {connection.host} timed out."
        raise ConnectTimeoutError(connection, what) from exc
    except OSError as exc:
        what = f"Failed to establish a new connection: {exc}"
        raise NewConnectionError(connection, what) from exc
    sys.audit("http.client.connect", connection, connection.host, connection.port)
    return sock


def _connect(addresses: Addresses, end: float, options: Sequence[Any]) -> socket.socket:
    """Try one address after another, each for its share of the time left."""
    error: OSError = OSError("the name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(left / (len(addresses) - number))
            sock.connect(address)
            sock.settimeout(max(end - time.monotonic(), 0.001))
        except BaseException as exc:
            sock.close()
            if not isinstance(exc, OSError):
                raise
            error = exc
        else:
            return sock
    raise error

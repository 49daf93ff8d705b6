"""Our own connections to Redis, in addition to Celery's."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    ReadOnlyError,
)

from scalar.core.errors import CoordinationError
from scalar.core.secret import redact
from scalar.core.whole_number import whole_number

#: The prefix of all our Redis keys.
PREFIX = "scalar:"
#: Connections per process. Heroku's smallest plan allows 20 in total; two are enough,
#: as a command takes a fraction of a millisecond.
MAX_CONNECTIONS = 2
#: Seconds to wait for a connection, a reply, or a free connection.
TIMEOUT = 5
#: Milliseconds of the last time that a `datetime` can hold, and somewhat less.
LATEST = 250_000_000_000_000
#: Replies of a server that is not the primary, or not ready: after a failover the URL
#: may lead to another one.
WRONG_SERVER = (ReadOnlyError, MasterDownError, BusyLoadingError, AuthenticationError)


def tls_options(url: str, ca_file: str) -> dict[str, Any]:
    """Return the TLS options for a `rediss://` URL; empty for other URLs.

    Heroku's certificates are self-signed, so without a CA file the connection is
    encrypted but the server is not verified.
    """
    if not url.startswith("rediss://"):
        return {}
    if ca_file:
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": ca_file}
    return {"ssl_cert_reqs": ssl.CERT_NONE}


class _Renewed:
    """A connection that is made anew after it led to the wrong server."""

    _is_wrong = False

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read a reply; remember if the server is the wrong one."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc] # redis-py's connection comes next
        except WRONG_SERVER:
            self._is_wrong = True
            raise

    def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
        """Send commands, over a new connection if this one is wrong."""
        if self._is_wrong:
            self._is_wrong = False
            self.disconnect()  # type: ignore[attr-defined] # as above
        super().send_packed_command(*args, **kwargs)  # type: ignore[misc] # as above


class _Connection(_Renewed, redis.Connection):
    pass


class _TlsConnection(_Renewed, redis.SSLConnection):
    pass


def connect(url: str, ca_file: str = "") -> redis.Redis:
    """Return a client that connects on first use."""
    base, _, query = url.partition("?")
    options = tls_options(url, ca_file)
    if options and not ca_file:
        options["ssl_check_hostname"] = False
    kept = "&".join(
        part for part in query.split("&") if part and not part.startswith("ssl_")
    )
    pool = redis.BlockingConnectionPool.from_url(
        f"{base}?{kept}" if kept else base,
        max_connections=MAX_CONNECTIONS,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        socket_keepalive=True,
        health_check_interval=25,
        client_name="scalar",
        decode_responses=True,
        # Makes text that cannot be decoded no valid JSON, and fails nothing else.
        encoding_errors="backslashreplace",
        connection_class=_TlsConnection if options else _Connection,
        **options,
    )
    return redis.Redis(connection_pool=pool)


def moment(milliseconds: str) -> datetime:
    """Return the time that a text in Redis gives.

    Raises:
        CoordinationError: It is no time: somebody else wrote it.
    """
    number = whole_number(milliseconds)
    if number is None or number > LATEST:
        raise CoordinationError(f"Redis holds {milliseconds[:40]!r} for a time")
    return datetime.fromtimestamp(number / 1000, UTC)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Re-raise Redis errors as `CoordinationError`."""
    try:
        yield
    except redis.RedisError as exc:
        lines = str(exc).splitlines() or [type(exc).__name__]
        what = redact(lines[0].rstrip("."))
        raise CoordinationError(f"Redis failed: {what}") from exc

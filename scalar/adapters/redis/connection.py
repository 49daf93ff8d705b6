"""Our own connections to Redis, in addition to Celery's."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from scalar.core.errors import CoordinationError
from scalar.core.secret import redact

#: The prefix of all our Redis keys.
PREFIX = "scalar:"
#: Connections per process. Heroku's smallest plan allows 20 in total; two are enough,
#: as a command takes a fraction of a millisecond.
MAX_CONNECTIONS = 2
#: Seconds to wait for a connection, a reply, or a free connection.
TIMEOUT = 5


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
        **options,
    )
    return redis.Redis(connection_pool=pool)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Re-raise Redis errors as `CoordinationError`."""
    try:
        yield
    except redis.RedisError as exc:
        lines = str(exc).splitlines() or [type(exc).__name__]
        what = redact(lines[0].rstrip("."))
        raise CoordinationError(f"Redis failed: {what}") from exc

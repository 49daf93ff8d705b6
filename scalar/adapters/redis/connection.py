"""Connections to Redis for our own use, beside the ones that Celery keeps."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from scalar.core.errors import CoordinationError

#: Everything that we keep in Redis begins so.
PREFIX = "scalar:"
#: Heroku's smallest plan has 20 connections; two of our own are enough, as a
#: command takes a fraction of a millisecond.
MOST_CONNECTIONS = 2
#: Seconds to wait for a connection, an answer, or a free connection.
PATIENCE = 5


def tls_options(url: str, ca_file: str) -> dict[str, Any]:
    """Return how to check the server of a `rediss://` URL; empty for others.

    Heroku's certificates are self-signed, so without a CA file the connection
    is encrypted but the server is not checked.
    """
    if not url.startswith("rediss://"):
        return {}
    if ca_file:
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": ca_file}
    return {"ssl_cert_reqs": ssl.CERT_NONE}


def connect(url: str, ca_file: str = "") -> redis.Redis:
    """Return a client that connects when it is first used."""
    base, _, query = url.partition("?")
    options = tls_options(url, ca_file)
    if options and not ca_file:
        options["ssl_check_hostname"] = False
    kept = "&".join(
        part for part in query.split("&") if part and not part.startswith("ssl_")
    )
    pool = redis.BlockingConnectionPool.from_url(
        f"{base}?{kept}" if kept else base,
        max_connections=MOST_CONNECTIONS,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        socket_keepalive=True,
        health_check_interval=25,
        client_name="scalar",
        decode_responses=True,
        **options,
    )
    return redis.Redis(connection_pool=pool)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn Redis' errors into `CoordinationError`."""
    try:
        yield
    except redis.RedisError as exc:
        lines = str(exc).splitlines() or [type(exc).__name__]
        what = lines[0].rstrip(".")
        raise CoordinationError(f"Redis does not answer as it should: {what}") from exc

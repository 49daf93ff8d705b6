"""GET over urllib3's pools: what the polls of apps use."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import LocationValueError
from urllib3.util import parse_url

from scalar.adapters.deadline import seconds_left
from scalar.adapters.http.pools import MAX_HOSTS, USER_AGENT, pool_classes

_PORTS = {"http": 80, "https": 443}


class Getter:
    """Sends GET requests over kept connections, within the thread's deadline.

    A requests session would need twice the CPU time, which is most of what a poll
    costs (`python -m benchmarks.evaluation`). Takes nothing from the environment, keeps
    no cookies, follows no redirects and does not retry.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        timeout: tuple[float, float],
        threads: int = 10,
        refuse_private: bool = False,
        max_hosts: int = MAX_HOSTS,
    ) -> None:
        """Initialise it.

        Args:
            context: Verifies TLS servers.
            timeout: Seconds to connect, and seconds that the server may be silent.
            threads: Connections kept open per host.
            refuse_private: Whether to refuse addresses that are not public.
            max_hosts: Hosts whose connections are kept open; beyond that, those of the
                least recently used host are closed.
        """
        self._timeout = timeout
        self._context = context
        self._threads = threads
        self._pool_classes = pool_classes(refuse_private=refuse_private)
        self._pool = lru_cache(max_hosts)(self._new_pool)
        self._route = lru_cache(max_hosts)(self._find_route)

    def get(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Return a response whose body is not read yet; the caller closes it.

        Raises:
            HTTPError: The request failed (urllib3's error), or an OSError.
            DeadlineExceeded: No time is left.
        """
        connect, read = self._timeout
        pool, target = self._route(url)
        return pool.urlopen(
            "GET",
            target,
            headers={"User-Agent": USER_AGENT, **headers},
            timeout=Timeout(connect=seconds_left(connect), read=seconds_left(read)),
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._route.cache_clear()
        self._pool.cache_clear()  # a pool closes its connections when collected

    def _find_route(self, url: str) -> tuple[HTTPConnectionPool, str]:
        """Return the pool of a URL's host, and the request target."""
        parts = parse_url(url)
        scheme = parts.scheme or ""
        if scheme not in self._pool_classes or not parts.host:
            raise LocationValueError(f"not an http or https URL: {scheme!r}")
        port = parts.port or _PORTS[scheme]
        return self._pool(scheme, parts.host, port), parts.request_uri

    def _new_pool(self, scheme: str, host: str, port: int) -> HTTPConnectionPool:
        tls: dict[str, Any] = (
            {"ssl_context": self._context} if scheme == "https" else {}
        )
        return self._pool_classes[scheme](
            host, port, maxsize=self._threads, block=False, **tls
        )

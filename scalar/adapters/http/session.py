"""One HTTP session per process, shared by its threads.

Without a shared TLS context the CA bundle is read anew for each connection,
which costs more than all the rest of a poll together.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import LocationValueError
from urllib3.util import parse_url

from scalar.adapters.deadline import BoundedResponse, seconds_left
from scalar.adapters.http.public_addresses import only_public

USER_AGENT = "heroku-proc-scalar"
#: Hosts whose connections are kept open; about 34 KB each with TLS.
MOST_HOSTS = 1_000


class _Http(HTTPConnection):
    response_class = BoundedResponse


class _Https(HTTPSConnection):
    response_class = BoundedResponse


class _PublicHttp(_Http):
    def _new_conn(self) -> socket.socket:
        return only_public(super()._new_conn())


class _PublicHttps(_Https):
    """Looks at the address before the first byte of TLS."""

    def _new_conn(self) -> socket.socket:
        return only_public(super()._new_conn())


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _PublicHttpPool(HTTPConnectionPool):
    ConnectionCls = _PublicHttp


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


_PORTS = {"http": 80, "https": 443}
_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _HttpPool, "https": _HttpsPool}
_PUBLIC_POOLS: dict[str, type[HTTPConnectionPool]] = {
    "http": _PublicHttpPool,
    "https": _PublicHttpsPool,
}


def _pools(
    hosts: int, threads: int, *, refuse_private: bool, **options: Any
) -> PoolManager:
    pools = PoolManager(num_pools=hosts, maxsize=threads, block=False, **options)
    pools.pool_classes_by_scheme = _PUBLIC_POOLS if refuse_private else _POOLS
    return pools


class Getter:
    """GETs over connections that are kept open, within the thread's deadline.

    A session of requests would do the same for twice the CPU time, which is most
    of what a poll costs (`python -m benchmarks.evaluation`). Nothing is taken from
    the environment; there are no cookies, no redirects and no second tries.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        timeout: tuple[float, float],
        threads: int = 10,
        refuse_private: bool = False,
        most_hosts: int = MOST_HOSTS,
    ) -> None:
        """Make one; the arguments are those of `make_session`, and one more.

        Args:
            context: What TLS servers are checked with.
            timeout: Seconds to connect, and seconds of silence.
            threads: Connections to one host that are kept open.
            refuse_private: Whether addresses must be public.
            most_hosts: Hosts whose connections are kept open; the one asked least
                lately is closed.
        """
        self._timeout = timeout
        self._context = context
        self._threads = threads
        self._kinds = _PUBLIC_POOLS if refuse_private else _POOLS
        self._pool = lru_cache(most_hosts)(self._new_pool)
        self._place = lru_cache(most_hosts)(self._find_place)

    def get(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Return an answer whose body is not read yet; close it afterwards.

        Raises:
            HTTPError: There is none (urllib3's), or an OSError.
            DeadlineExceeded: No time is left.
        """
        connect, read = self._timeout
        pool, target = self._place(url)
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
        self._place.cache_clear()
        self._pool.cache_clear()  # a pool that nobody holds closes its connections

    def _find_place(self, url: str) -> tuple[HTTPConnectionPool, str]:
        """Return the pool of a URL's host, and what is asked for there."""
        parts = parse_url(url)
        scheme = parts.scheme or ""
        if scheme not in self._kinds or not parts.host:
            raise LocationValueError(f"no URL of http or https: {scheme!r}")
        port = parts.port or _PORTS[scheme]
        return self._pool(scheme, parts.host, port), parts.request_uri

    def _new_pool(self, scheme: str, host: str, port: int) -> HTTPConnectionPool:
        tls: dict[str, Any] = (
            {"ssl_context": self._context} if scheme == "https" else {}
        )
        return self._kinds[scheme](
            host, port, maxsize=self._threads, block=False, **tls
        )


class BoundedAdapter(HTTPAdapter):
    """An adapter with one TLS context, whose exchanges keep to a deadline."""

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        retries: Retry,
        threads: int,
        timeout: tuple[float, float],
        refuse_private: bool = False,
    ) -> None:
        self._context = context
        self._timeout = timeout
        self._refuse_private = refuse_private
        super().__init__(
            pool_connections=MOST_HOSTS, pool_maxsize=threads, max_retries=retries
        )

    def init_poolmanager(self, *args: Any, **_kwargs: Any) -> None:
        """Make the pools of connections."""
        self.poolmanager = _pools(args[0], args[1], refuse_private=self._refuse_private)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002 - requests' name; the context verifies
        cert: Any = None,
    ) -> tuple[Any, Any]:
        """Return what tells the pools apart: the host, and our own context."""
        host, _ = super().build_connection_pool_key_attributes(
            request, verify=True, cert=cert
        )
        tls = {"ssl_context": self._context} if host["scheme"] == "https" else {}
        return host, tls

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request with no more time than its thread has left."""
        connect, read = self._timeout
        kwargs["timeout"] = (seconds_left(connect), seconds_left(read))
        return super().send(request, *args, **kwargs)

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: the context verifies, and cannot be told not to."""


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that trusts the usual authorities, and one more file.

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def make_session(
    context: ssl.SSLContext,
    *,
    timeout: tuple[float, float],
    retries: Retry | None = None,
    threads: int = 10,
    refuse_private: bool = False,
) -> requests.Session:
    """Return a session that takes nothing from the environment, and no cookies.

    Args:
        context: What TLS servers are checked with.
        timeout: Seconds to connect, and seconds that the server may be silent;
            a deadline (`scalar.adapters.deadline`) can only shorten them.
        retries: What is tried again; by default nothing.
        threads: Connections to one host that are kept open.
        refuse_private: Whether connections to addresses that are not public are
            closed before anything is sent; after redirects, too.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = BoundedAdapter(
        context,
        retries=retries or Retry(0, read=False),
        threads=threads,
        timeout=timeout,
        refuse_private=refuse_private,
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session

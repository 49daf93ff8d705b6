"""A requests session for Heroku and the dead man's switch, shared by all threads."""

from __future__ import annotations

import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, Retry

from scalar.adapters.deadline import seconds_left
from scalar.adapters.http.pools import MAX_HOSTS, USER_AGENT, pool_classes


class BoundedAdapter(HTTPAdapter):
    """An adapter with one TLS context, which respects the thread's deadline."""

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
            pool_connections=MAX_HOSTS, pool_maxsize=threads, max_retries=retries
        )

    def init_poolmanager(self, *args: Any, **_kwargs: Any) -> None:
        """Create the pools of connections."""
        self.poolmanager = PoolManager(num_pools=args[0], maxsize=args[1], block=False)
        self.poolmanager.pool_classes_by_scheme = pool_classes(
            refuse_private=self._refuse_private
        )

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002 - requests' name; the context verifies
        cert: Any = None,
    ) -> tuple[Any, Any]:
        """Return what identifies a pool: the host, and our own TLS context."""
        host, _ = super().build_connection_pool_key_attributes(
            request, verify=True, cert=cert
        )
        tls = {"ssl_context": self._context} if host["scheme"] == "https" else {}
        return host, tls

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request, with a timeout of at most the thread's time left."""
        connect, read = self._timeout
        kwargs["timeout"] = (seconds_left(connect), seconds_left(read))
        return super().send(request, *args, **kwargs)

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: the context always verifies; requests cannot switch that off."""


def make_session(
    context: ssl.SSLContext,
    *,
    timeout: tuple[float, float],
    retries: Retry | None = None,
    threads: int = 10,
    refuse_private: bool = False,
) -> requests.Session:
    """Return a session that ignores the environment and keeps no cookies.

    Args:
        context: Verifies TLS servers.
        timeout: Seconds to connect, and seconds that the server may be silent;
            a deadline (`scalar.adapters.deadline`) can only shorten them.
        retries: What is retried; by default nothing.
        threads: Connections kept open per host.
        refuse_private: Whether to refuse addresses that are not public, before
            anything is sent, redirects included.
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

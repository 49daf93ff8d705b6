"""Pools of connections that respect the thread's deadline.

One kind connects to any address, the other to public addresses only.
"""

from __future__ import annotations

import socket

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from scalar.adapters.deadline import BoundedResponse
from scalar.adapters.http.connecting import open_connection
from scalar.adapters.http.public_addresses import only_public

USER_AGENT = "heroku-proc-scalar"
#: Hosts whose connections are kept open; about 34 KB each with TLS.
MAX_HOSTS = 1_000


class _Http(HTTPConnection):
    response_class = BoundedResponse

    def _new_conn(self) -> socket.socket:
        return open_connection(self)


class _Https(HTTPSConnection):
    response_class = BoundedResponse

    def _new_conn(self) -> socket.socket:
        return open_connection(self)


class _PublicHttp(_Http):
    def _new_conn(self) -> socket.socket:
        return only_public(super()._new_conn())


class _PublicHttps(_Https):
    """Checks the address before the TLS handshake."""

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


_ANY: dict[str, type[HTTPConnectionPool]] = {"http": _HttpPool, "https": _HttpsPool}
_PUBLIC: dict[str, type[HTTPConnectionPool]] = {
    "http": _PublicHttpPool,
    "https": _PublicHttpsPool,
}


def pool_classes(*, refuse_private: bool) -> dict[str, type[HTTPConnectionPool]]:
    """Return the class of the pools of each scheme."""
    return _PUBLIC if refuse_private else _ANY

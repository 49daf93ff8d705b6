"""Describe why an HTTP exchange failed: with host and port, without its URL."""

from __future__ import annotations

from http.client import RemoteDisconnected

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from scalar.core.secret import redact

#: What a request raises on a connection that the other side has closed.
DROPPED = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)


def is_caused_by(
    error: BaseException | None,
    kind: type[BaseException] | tuple[type[BaseException], ...],
) -> bool:
    """Return whether an error, or one of its causes, is of a kind."""
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def describe(error: BaseException) -> str:
    """Return what went wrong in a few words, without the URL."""
    if isinstance(error, SSLError):
        return f"TLS failed ({_root_cause(error)})"
    if isinstance(error, ConnectTimeoutError):
        return _not_connected(error)
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, ProtocolError | OSError):
        return f"the connection failed ({_root_cause(error)})"
    return f"the request failed ({_root_cause(error)})"


def _not_connected(error: ConnectTimeoutError) -> str:
    """Tell apart what urllib3 has one kind of error for."""
    why = _root_cause(error)
    if isinstance(error, NameResolutionError):
        return f"the name is unknown ({why})"
    if is_caused_by(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, NewConnectionError):
        return f"the connection failed ({why})"
    return "no connection in time" + ("" if why == "timed out" else f" ({why})")


def connecting_failed(error: BaseException | None) -> ConnectTimeoutError | None:
    """Return why connecting failed, if that is what an error comes from.

    In urllib3 every such error, whatever its reason, is a `ConnectTimeoutError`.
    """
    while error is not None:
        if isinstance(error, ConnectTimeoutError):
            return error
        inner = getattr(error, "reason", None) or next(iter(error.args), None)
        if not isinstance(inner, BaseException):
            inner = error.__cause__ or error.__context__
        error = inner
    return None


def place_of(error: ConnectTimeoutError) -> str:
    """Return the host and port to which connecting failed."""
    connection = getattr(error, "conn", None) or next(iter(error.args), None)
    host = getattr(connection, "host", "") or "the host"
    port = getattr(connection, "port", None)
    return f"{host}:{port}" if port else host


def _root_cause(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = redact(str(error).splitlines()[0]) if str(error) else ""
    return text[:120] or type(error).__name__

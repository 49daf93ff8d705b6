"""Describe why an HTTP exchange failed, without its URL."""

from __future__ import annotations

from http.client import RemoteDisconnected

from urllib3.exceptions import (
    ConnectTimeoutError,
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
        return "connecting timed out"
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, NewConnectionError | ProtocolError | OSError):
        return f"the connection failed ({_root_cause(error)})"
    return f"the request failed ({_root_cause(error)})"


def _root_cause(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = redact(str(error).splitlines()[0]) if str(error) else ""
    return text[:120] or type(error).__name__

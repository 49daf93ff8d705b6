"""Check the token that protects the counts."""

from __future__ import annotations

import hmac
from base64 import b64decode
from typing import Optional

#: Environment variable that holds the token, unless it is passed in code.
TOKEN_VARIABLE = "SCALAR_AGENT_TOKEN"  # noqa: S105 - its name, not a token


class Token:
    """A token whose repr hides it; empty text means no token."""

    __slots__ = ("_secret",)

    def __init__(self, text: str) -> None:
        self._secret = text.strip().encode()

    def __repr__(self) -> str:
        return "Token(***)" if self else "Token()"

    def __bool__(self) -> bool:
        return bool(self._secret)

    def matches(self, authorization: Optional[str]) -> bool:
        """Return whether an `Authorization` header carries this token.

        Accepts `Bearer TOKEN`, or `Basic` with the token as the password of any
        user, in UTF-8. Compares in constant time. An empty token never matches.

        Args:
            authorization: The header's value as web servers pass it on: decoded
                as Latin-1.
        """
        given = _credential(authorization or "")
        return bool(self) and hmac.compare_digest(given, self._secret)


def _credential(authorization: str) -> bytes:
    """Return the token in a header; empty if there is none or it is malformed."""
    scheme, _, value = authorization.strip().partition(" ")
    raw = _as_sent(value.strip())
    if scheme.lower() == "bearer":
        return raw
    if scheme.lower() == "basic":
        try:
            _, _, password = b64decode(raw).partition(b":")
        except ValueError:
            return b""
        return password
    return b""


def _as_sent(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="replace")

"""Accounts, their tokens, and the scopes of a token.

Scopes: Dev Center, "OAuth". `write` includes `read`; the protected scopes add
config vars and releases; `global` includes everything.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from local_heroku.rate_pool import RatePool

SCOPES = frozenset(
    {"global", "identity", "read", "write", "read-protected", "write-protected"}
)


@dataclass(slots=True)
class Account:
    """A Heroku user; all its tokens share one rate limit pool."""

    id: str
    name: str
    pool: RatePool

    @property
    def email(self) -> str:
        """The email address of the account."""
        return f"{self.name}@local-heroku.test"


@dataclass(frozen=True, slots=True)
class Token:
    """An API token; its name identifies it in the log, its scopes limit it."""

    name: str
    account: Account
    scopes: tuple[str, ...]

    def has_any(self, accepted: tuple[str, ...]) -> bool:
        """Return whether the token has one of the scopes, or none is needed."""
        return not accepted or any(scope in accepted for scope in self.scopes)


def secret_from_header(authorization: str | None) -> str | None:
    """Return the secret in a Bearer or Basic header, or None.

    Basic carries the secret as its password; the user name is ignored.
    """
    kind, _, value = (authorization or "").strip().partition(" ")
    value = value.strip()
    if kind.lower() == "bearer":
        return value or None
    if kind.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded.partition(":")[2] or None

"""Accounts, their tokens, and what a token may do.

Scopes: Dev Center, "OAuth". `write` holds `read`; the protected scopes add
config vars and releases; `global` holds everything.
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
    """A Heroku user; all its tokens share one pool of requests."""

    id: str
    name: str
    pool: RatePool

    @property
    def email(self) -> str:
        """The address that the API shows for the account."""
        return f"{self.name}@local-heroku.test"


@dataclass(frozen=True, slots=True)
class Token:
    """One authorisation: its name is for people, its scopes for the API."""

    name: str
    account: Account
    scopes: tuple[str, ...]

    def may(self, accepted: tuple[str, ...]) -> bool:
        """Say whether one of the accepted scopes is among the token's."""
        return not accepted or any(scope in accepted for scope in self.scopes)


def secret_from_header(authorization: str | None) -> str | None:
    """Return the secret of a Bearer or Basic header, None without one.

    Basic carries the secret as its password; the user is not looked at.
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

"""Read, then write, unless somebody else has written in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.errors import AppChanged, SecretUnreadable
from scalar.service.parts import Parts

#: Times that a change is tried before a person is asked to run the command again.
MOST_TRIES = 5

T = TypeVar("T")


def retried(change: Callable[[], T]) -> T:
    """Return what a change returns that reads an app's row, then writes it.

    While another command changes the row in between, it is read again.

    Raises:
        AppChanged: Others changed it each time.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            return change()
        except AppChanged:
            continue
    return change()


def write_unless_moved(
    parts: Parts, name: str, before: RegisteredApp | None, write: Callable[[AppKey], T]
) -> T:
    """Write what was found out with an app's address and key, which took a while.

    A policy that was changed meanwhile is no reason against it.

    Args:
        parts: The ports.
        name: The app.
        before: The app as it was before; None if its row could not be decrypted.
        write: Writes it, to the row with this key.

    Raises:
        AppNotFound: No such app.
        AppChanged: Its address or its key is another one now.
    """

    def change() -> T:
        key = parts.registry.app_key(name)
        if _identity(readable(parts, name)) != _identity(before):
            raise AppChanged(name)
        return write(key)

    return retried(change)


def readable(parts: Parts, name: str) -> RegisteredApp | None:
    """Return an app; None if its secrets cannot be decrypted.

    Raises:
        AppNotFound: No such app.
    """
    try:
        return parts.registry.get(name)
    except SecretUnreadable:
        return None


def _identity(app: RegisteredApp | None) -> object:
    return app and (app.id, app.address, app.heroku_key)

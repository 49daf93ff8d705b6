"""Who gave an order, and when: kept beside what was set, and in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at a command, as far as known.

    Attributes:
        user: The name of the user who runs it; empty if unknown.
        command: The command, such as `set-policy`.
        host: The machine, or the one-off dyno.
    """

    user: str = ""
    command: str = ""
    host: str = ""

    def __str__(self) -> str:
        """Return `ann, pause-app, on laptop`, without what is not known."""
        where = f"on {self.host}" if self.host else ""
        return ", ".join(part for part in (self.user, self.command, where) if part)


NOBODY = Actor()


@dataclass(frozen=True, slots=True)
class Mark:
    """Who set a value, and when (aware, UTC)."""

    by: Actor
    at: datetime

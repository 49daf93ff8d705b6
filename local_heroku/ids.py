"""Ids that look like Heroku's and never repeat within one server."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, UUID, uuid5


class Ids:
    """Gives a fresh uuid for every thing that is made."""

    def __init__(self) -> None:
        self._made = 0

    def new(self, kind: str) -> str:
        """Return a uuid that this server has not given before."""
        self._made += 1
        return str(uuid5(NAMESPACE_DNS, f"{self._made}.{kind}.local-heroku"))


def is_uuid(text: str) -> bool:
    """Say whether the text is a uuid rather than a name."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True

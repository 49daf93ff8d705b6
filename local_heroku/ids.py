"""Ids like Heroku's: uuids, unique within one server."""

from __future__ import annotations

from uuid import NAMESPACE_DNS, UUID, uuid5


class Ids:
    """Generates uuids, the same ones in every run."""

    def __init__(self) -> None:
        self._made = 0

    def new(self, kind: str) -> str:
        """Return the next uuid."""
        self._made += 1
        return str(uuid5(NAMESPACE_DNS, f"{self._made}.{kind}.local-heroku"))


def is_uuid(text: str) -> bool:
    """Return whether the text is a uuid rather than a name."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True

"""The platform that runs the dynos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scalar.core.formation import Formation
from scalar.core.secret import Secret


@dataclass(frozen=True, slots=True)
class HerokuApp:
    """What Heroku says of an app.

    Attributes:
        id: Heroku's own number for it.
        name: Its name.
        web_url: Its web address; may be empty.
        released_at: When it was last released (aware, UTC); None if never.
    """

    id: str
    name: str
    web_url: str
    released_at: datetime | None = None


class Platform(Protocol):
    """Heroku. Every method costs one API call and may raise `PlatformError`.

    Each call is made with the key of the app that it is for.
    """

    def app(self, name: str, key: Secret) -> HerokuApp:
        """Return what Heroku says of an app."""
        ...

    def formation(self, app: str, key: Secret) -> Formation:
        """Return the dynos of each process type of an app."""
        ...

    def scale(self, app: str, quantities: Mapping[str, int], key: Secret) -> Formation:
        """Ask for these dynos, absolute, in one call; return all that there are.

        Process types that are not named keep their dynos.
        """
        ...

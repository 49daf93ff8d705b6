"""The platform that runs an app's dynos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from scalar.core.app import NewApp, RegisteredApp
from scalar.core.formation import Formation
from scalar.core.platform_rules import PlatformRules


class Urgency(StrEnum):
    """What a call to the platform is for, most urgent first."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    READ = "read"


@dataclass(frozen=True, slots=True)
class PlatformApp:
    """What the platform says of an app.

    Attributes:
        id: The platform's own identifier, which outlives a rename.
        name: Its name.
        web_url: Its web address; may be empty.
        released_at: When it was last released (aware, UTC); None if never.
    """

    id: str
    name: str
    web_url: str
    released_at: datetime | None = None


class Platform(Protocol):
    """One app on its platform, bound to the account and the key it is scaled with.

    Each method costs one API call.

    Raises:
        CallDenied: The account has no call left for this urgency, or waits after
            a failure. Nothing was sent.
        PlatformError: The platform did not do as asked.
    """

    @property
    def rules(self) -> PlatformRules:
        """What the platform does by nature."""
        ...

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return what the platform says of the app."""
        ...

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        ...

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Ask for absolute quantities (dynos) in one call; return the formation.

        Process types that are not named keep their dynos.
        """
        ...


class Platforms(Protocol):
    """Finds the platform of an app."""

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls count against the account's limits."""
        ...

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's own call.

        Its calls are never denied, and a failure keeps no worker from calling.
        """
        ...

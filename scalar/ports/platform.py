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
    """The purpose of a platform call, most urgent first."""

    SCALE_UP = "scale_up"
    SCALE_DOWN = "scale_down"
    READ = "read"


@dataclass(frozen=True, slots=True)
class PlatformApp:
    """An app, as the platform describes it.

    Attributes:
        id: The platform's own identifier, unchanged by a rename.
        name: Its name.
        web_url: Its web address; may be empty.
        released_at: When it was last released (aware, UTC); None if never.
        maintenance: Whether a person has put it into maintenance mode.
    """

    id: str
    name: str
    web_url: str
    released_at: datetime | None = None
    maintenance: bool = False


class Platform(Protocol):
    """One app on its platform, bound to the account and Heroku key that scale it.

    Each method costs one API call.

    Raises:
        CallDenied: The account has no call left for this urgency, or is blocked
            after a failure. Nothing was sent.
        PlatformError: The call failed.
    """

    @property
    def rules(self) -> PlatformRules:
        """What the platform does by nature."""
        ...

    @property
    def calls_left(self) -> int | None:
        """Calls left of the account, as the last answer here said; None if none did.

        Asking costs no call.
        """
        ...

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return the app as the platform describes it."""
        ...

    def formation(self, urgency: Urgency) -> Formation:
        """Return the formation: the dynos of each process type.

        It is an `AppFormation` if the platform says which app it is of.
        """
        ...

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set absolute quantities (dynos) in one call; return the new formation.

        It is an `AppFormation` if the platform says which app it is of. Process types
        that are not named keep their quantity. Idempotent.
        """
        ...


class Platforms(Protocol):
    """Finds the platform of an app."""

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; the account meters its calls."""
        ...

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's command.

        Never denies a call and never reports a failure to the account.
        """
        ...

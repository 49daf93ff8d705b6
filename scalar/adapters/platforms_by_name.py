"""The known platforms, by the name stored in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from scalar.core.app import NewApp, RegisteredApp
from scalar.core.errors import Refused
from scalar.core.platform_rules import PlatformRules, Removal
from scalar.core.reason import Reason
from scalar.ports.platform import Platform, Platforms, Urgency


class PlatformsByName:
    """`Platforms` that delegate by the app's platform."""

    def __init__(self, by_name: Mapping[str, Platforms]) -> None:
        self._by_name = by_name

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform."""
        known = self._by_name.get(app.platform)
        return known.of(app) if known else _UnknownPlatform(app.platform)

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's command."""
        known = self._by_name.get(app.platform)
        return known.unmetered(app) if known else _UnknownPlatform(app.platform)


class _UnknownPlatform:
    """Refuses every call, so that only this app is held."""

    calls_left: int | None = None

    def __init__(self, name: str) -> None:
        self._name = name
        self.rules = PlatformRules(
            name, Removal.UNKNOWN, frozenset(), frozenset(), most_dynos=0
        )

    def describe(self, urgency: Urgency) -> NoReturn:
        """Refuse."""
        del urgency
        self._refuse()

    def formation(self, urgency: Urgency) -> NoReturn:
        """Refuse."""
        del urgency
        self._refuse()

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> NoReturn:
        """Refuse."""
        del quantities, urgency
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Refused(
            f"platform = {self._name!r}, which this version does not know. Deploy the "
            "version that registered the app",
            reason=Reason.PLATFORM_UNKNOWN,
        )

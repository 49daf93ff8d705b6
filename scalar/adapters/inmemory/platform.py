"""A platform in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scalar.core.errors import (
    NotAuthorized,
    PlatformError,
    Refused,
)
from scalar.core.formation import Formation, ProcessType
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.ports.platform import HerokuApp


@dataclass
class MemoryPlatform:
    """A `Platform` in memory, with the calls that were made.

    Attributes:
        formations: App name to its formation.
        failures: Errors that the next calls end in, first one first.
        calls: What was asked for: ("GET", app) or ("PATCH", app, quantities).
        releases: When an app was last released; not in it if never.
        keys: The key of each call.
        revoked: Keys that are accepted no more.
    """

    formations: dict[str, dict[str, ProcessType]] = field(default_factory=dict)
    failures: list[PlatformError] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    releases: dict[str, datetime] = field(default_factory=dict)
    keys: list[Secret] = field(default_factory=list)
    revoked: set[Secret] = field(default_factory=set)

    def app(self, name: str, key: Secret) -> HerokuApp:
        """Return what Heroku says of an app."""
        self._call(key, "GET", name)
        self._formation(name)
        web_url = f"https://{name}-0123.herokuapp.com/"
        return HerokuApp(f"id-of-{name}", name, web_url, self.releases.get(name))

    def formation(self, app: str, key: Secret) -> Formation:
        """Return the dynos of each process type of an app."""
        self._call(key, "GET", app)
        return dict(self._formation(app))

    def scale(self, app: str, quantities: Mapping[str, int], key: Secret) -> Formation:
        """Set the dynos of some process types."""
        self._call(key, "PATCH", app, dict(quantities))
        rows = self._formation(app)
        for name, quantity in quantities.items():
            if name not in rows:
                raise Refused(
                    f"Couldn't find that process type ({name}).",
                    reason=Reason.APP_NOT_ON_HEROKU,
                    status=404,
                )
            rows[name] = replace(rows[name], quantity=quantity)
        return dict(rows)

    def _call(self, key: Secret, *call: object) -> None:
        self.calls.append(call)
        self.keys.append(key)
        if key in self.revoked:
            raise NotAuthorized("Heroku answered 401", status=401)
        if self.failures:
            raise self.failures.pop(0)

    def _formation(self, app: str) -> dict[str, ProcessType]:
        if app not in self.formations:
            raise Refused(
                "Couldn't find that app.", reason=Reason.APP_NOT_ON_HEROKU, status=404
            )
        return self.formations[app]

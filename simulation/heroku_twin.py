"""Heroku's apps: formations, releases, refusals, and answers that get lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scalar.core.errors import (
    AboveLimit,
    NotAuthorized,
    PlatformError,
    PlatformUnavailable,
    RateLimited,
    Refused,
)
from scalar.core.formation import AppFormation, Formation, ProcessType
from scalar.core.reason import Reason

REASONS = {
    402: Reason.PAYMENT_REQUIRED,
    403: Reason.FORBIDDEN,
    404: Reason.APP_NOT_ON_HEROKU,
}
#: Calls left that Heroku reports, normally and while they are low.
PLENTY, FEW = 4_000, 100


@dataclass
class HerokuApp:
    """An app on Heroku.

    Attributes:
        id: What outlives a rename.
        formation: Process type to its row.
        released_at: When it was last released; None if never.
    """

    id: str
    formation: dict[str, ProcessType]
    released_at: float | None = None


@dataclass
class HerokuTwin:
    """All apps, and how Heroku's API fares.

    Attributes:
        apps: First name to app; all the rest is by that name, too.
        names: First name to the present one, where it differs.
        failure: What every call ends in; empty if the API is well.
        refusals: Name to the status that its calls end in.
        limits: Name to the dynos that it may have of a process type.
        missing: Name to process types that reads leave out.
        late: Name to seconds after which its next PATCH is carried out; it has no
            answer. 0: never.
        remaining: Calls left, as answers say.
    """

    apps: dict[str, HerokuApp] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    refusals: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    missing: defaultdict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    late: dict[str, float] = field(default_factory=dict)
    remaining: int = PLENTY

    def read(self, name: str) -> Formation:
        """Return the formation, as a read has it."""
        self._check(name)
        app = self._app(name)
        hidden = self.missing.get(name, ())
        return {k: row for k, row in app.formation.items() if k not in hidden}

    def name_of(self, home: str) -> str:
        """Return the name that an app has now."""
        return self.names.get(home, home)

    def home_of(self, called: str) -> str:
        """Return the first name of the app with an id or a name."""
        for home, app in self.apps.items():
            if called in (app.id, self.name_of(home)):
                return home
        return called

    def swap(self, one: str, other: str) -> None:
        """Let two apps take each other's name."""
        names = self.name_of(other), self.name_of(one)
        self.names[one], self.names[other] = names

    def identified(self, home: str, rows: Formation) -> AppFormation:
        """Return a formation that says which app it is of."""
        return AppFormation(
            rows, self._app(home).id if rows else "", self.name_of(home)
        )

    def describe(self, name: str) -> HerokuApp:
        """Return the app."""
        self._check(name)
        return self._app(name)

    def accept(self, name: str, quantities: Mapping[str, int]) -> None:
        """Raise a `PlatformError` unless a change may be made."""
        self._check(name)
        rows = self._app(name).formation
        for process_type, quantity in quantities.items():
            if process_type not in rows:
                raise Refused(
                    f"Couldn't find that process type ({process_type}).",
                    reason=Reason.APP_NOT_ON_HEROKU,
                    status=404,
                )
            limit = self.limits.get(name)
            if limit is not None and quantity > max(limit, rows[process_type].quantity):
                raise AboveLimit(
                    f"Cannot update to more than {limit}",
                    limit=limit,
                    per_process_type=True,
                    status=422,
                )

    def scale(self, name: str, quantities: Mapping[str, int]) -> Formation:
        """Set dynos; process types that are gone are left out."""
        rows = self._app(name).formation
        for process_type, quantity in quantities.items():
            if process_type in rows:
                rows[process_type] = replace(rows[process_type], quantity=quantity)
        return dict(rows)

    def _check(self, name: str) -> None:
        if self.failure:
            raise _failure(self.failure)
        status = self.refusals.get(name)
        if status:
            reason = REASONS.get(status, Reason.HEROKU_REFUSED)
            raise Refused(f"Heroku answered {status}", reason=reason, status=status)

    def _app(self, name: str) -> HerokuApp:
        if name not in self.apps:
            raise Refused(
                "Couldn't find that app.", reason=Reason.APP_NOT_ON_HEROKU, status=404
            )
        return self.apps[name]


def _failure(kind: str) -> PlatformError:
    match kind:
        case "401":
            return NotAuthorized("Heroku answered 401", status=401)
        case "429":
            return RateLimited("Heroku answered 429", retry_after=20, status=429)
    return PlatformUnavailable("Heroku answered 503", status=503)

"""A platform in memory, and the accounts that meter its calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scalar.adapters.governed_platform import GovernedPlatform
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.errors import NotAuthorized, PlatformError, Refused
from scalar.core.formation import AppFormation, Formation, ProcessType
from scalar.core.platform_rules import HEROKU, PlatformRules
from scalar.core.reason import Cause, Reason
from scalar.core.secret import Secret
from scalar.ports.account import Budget
from scalar.ports.platform import Platform, PlatformApp, Urgency


@dataclass
class MemoryAccounts:
    """`Accounts` that permit all calls, unless a test denies them.

    Attributes:
        denial: The cause for denying a call, by its urgency and Heroku key.
        failures: The failures reported to an account.
        blamed: The Heroku key of each failure.
        remaining: The calls left with each Heroku key, as last reported.
    """

    denial: Callable[[Urgency, Secret], Cause | None] = lambda *_: None
    failures: list[PlatformError] = field(default_factory=list)
    blamed: list[Secret] = field(default_factory=list)
    remaining: dict[Secret, int] = field(default_factory=dict)

    def of(self, heroku_key: Secret) -> MemoryAccount:
        """Return the account that a Heroku key belongs to."""
        return MemoryAccount(self, heroku_key)


@dataclass(frozen=True)
class MemoryAccount:
    """The in-memory `Account` of one Heroku key."""

    accounts: MemoryAccounts
    heroku_key: Secret

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise the cause for denying it."""
        return self.accounts.denial(urgency, self.heroku_key)

    def answered(self, remaining: int | None) -> None:
        """Record an answer, with the calls left according to the platform."""
        if remaining is not None:
            self.accounts.remaining[self.heroku_key] = remaining

    def failed(self, error: PlatformError) -> None:
        """Record a failure that affects the whole account."""
        self.accounts.failures.append(error)
        self.accounts.blamed.append(self.heroku_key)

    def budget(self) -> Budget:
        """Return the calls left."""
        return Budget(self.accounts.remaining.get(self.heroku_key))


@dataclass
class MemoryPlatforms:
    """`Platforms` in memory that record their calls.

    Attributes:
        accounts: The accounts that meter the calls.
        formations: App name to its formation.
        failures: Errors that the next calls raise, in this order.
        calls: The calls made: ("GET", app) or ("PATCH", app, quantities).
        releases: When each app was last released.
        maintenance: Names of the apps that are in maintenance mode.
        web_urls: The web address of each app that does not have the usual one.
        ids: The id of each app that does not have the usual one.
        heroku_keys: The Heroku key of each call.
        revoked: Heroku keys that are no longer accepted.
        refused: Process types that may not be scaled, with the words of the refusal.
    """

    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    formations: dict[str, dict[str, ProcessType]] = field(default_factory=dict)
    failures: list[PlatformError] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    releases: dict[str, datetime] = field(default_factory=dict)
    maintenance: set[str] = field(default_factory=set)
    web_urls: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    heroku_keys: list[Secret] = field(default_factory=list)
    revoked: set[Secret] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls are metered."""
        return GovernedPlatform(self.unmetered(app), self.accounts.of(app.heroku_key))

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's command."""
        return MemoryPlatform(self, app.platform_id or app.name, app.heroku_key)

    def id_of(self, name: str) -> str:
        """Return the id of the app with a name."""
        return self.ids.get(name, f"id-of-{name}")

    def rename(self, before: str, after: str) -> None:
        """Give an app another name, and so another address of its own."""
        self.ids[after] = self.id_of(before)
        self.ids.pop(before, None)
        self.formations[after] = self.formations.pop(before)
        if before in self.releases:
            self.releases[after] = self.releases.pop(before)

    def swap(self, one: str, other: str) -> None:
        """Let two apps take each other's name."""
        self.rename(one, "in-between")
        self.rename(other, one)
        self.rename("in-between", other)

    def recreate(self, name: str) -> None:
        """Delete an app, and create another one with its name."""
        self.ids[name] = f"{self.id_of(name)}-again"


@dataclass(frozen=True)
class MemoryPlatform:
    """The in-memory `Platform` of one app, given by its id or by its name."""

    all: MemoryPlatforms
    app: str
    heroku_key: Secret
    rules: PlatformRules = HEROKU

    @property
    def calls_left(self) -> int | None:
        """Calls left of the account, as last reported."""
        return self.all.accounts.remaining.get(self.heroku_key)

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return the app as the platform describes it."""
        del urgency
        self._call("GET")
        self._rows()
        usual = f"https://{self.name}-0123.herokuapp.com/"
        return PlatformApp(
            self.all.id_of(self.name),
            self.name,
            self.all.web_urls.get(self.name, usual),
            self.all.releases.get(self.name),
            maintenance=self.name in self.all.maintenance,
        )

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        del urgency
        self._call("GET")
        return self._formation()

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set absolute quantities; return the new formation."""
        del urgency
        self._call("PATCH", dict(quantities))
        rows = self._rows()
        for name in quantities.keys() - rows.keys():
            raise Refused(
                f"Couldn't find that process type ({name}).",
                reason=Reason.APP_NOT_ON_HEROKU,
                status=404,
            )
        for name in quantities.keys() & self.all.refused.keys():
            raise Refused(self.all.refused[name], status=422)
        for name, quantity in quantities.items():
            rows[name] = replace(rows[name], quantity=quantity)
        return self._formation()

    @property
    def name(self) -> str:
        """The app's present name; what it is called by if there is no such app."""
        return next(
            (name for name in self.all.formations if self.all.id_of(name) == self.app),
            self.app,
        )

    def _formation(self) -> AppFormation:
        rows = self._rows()
        app_id = self.all.id_of(self.name) if rows else ""
        return AppFormation(rows, app_id, self.name if rows else "")

    def _call(self, method: str, *what: object) -> None:
        self.all.calls.append((method, self.name, *what))
        self.all.heroku_keys.append(self.heroku_key)
        if self.heroku_key in self.all.revoked:
            raise NotAuthorized("Heroku answered 401", status=401)
        if self.all.failures:
            raise self.all.failures.pop(0)

    def _rows(self) -> dict[str, ProcessType]:
        if self.name not in self.all.formations:
            raise Refused(
                "Couldn't find that app.", reason=Reason.APP_NOT_ON_HEROKU, status=404
            )
        return self.all.formations[self.name]

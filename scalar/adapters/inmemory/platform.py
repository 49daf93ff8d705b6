"""A platform in memory, and the accounts that its calls count against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scalar.adapters.governed_platform import GovernedPlatform
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.errors import NotAuthorized, PlatformError, Refused
from scalar.core.formation import Formation, ProcessType
from scalar.core.platform_rules import HEROKU, PlatformRules
from scalar.core.reason import Cause, Reason
from scalar.core.secret import Secret
from scalar.ports.account import Budget
from scalar.ports.platform import Platform, PlatformApp, Urgency


@dataclass
class MemoryAccounts:
    """`Accounts` that are open, unless a test denies their calls.

    Attributes:
        denial: Why no call may be made, by its urgency and its key.
        failures: What concerned a whole account.
        blamed: The key of each of them.
        remaining: The calls left with each key, as last heard.
    """

    denial: Callable[[Urgency, Secret], Cause | None] = lambda *_: None
    failures: list[PlatformError] = field(default_factory=list)
    blamed: list[Secret] = field(default_factory=list)
    remaining: dict[Secret, int] = field(default_factory=dict)

    def of(self, key: Secret) -> MemoryAccount:
        """Return the account that a key belongs to."""
        return MemoryAccount(self, key)


@dataclass(frozen=True)
class MemoryAccount:
    """One `Account` of those in memory."""

    accounts: MemoryAccounts
    key: Secret

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        return self.accounts.denial(urgency, self.key)

    def answered(self, remaining: int | None) -> None:
        """Record that the platform answered."""
        if remaining is not None:
            self.accounts.remaining[self.key] = remaining

    def failed(self, error: PlatformError) -> None:
        """Record a failure that concerns the whole account."""
        self.accounts.failures.append(error)
        self.accounts.blamed.append(self.key)

    def budget(self) -> Budget:
        """Return what is known."""
        return Budget(self.accounts.remaining.get(self.key))


@dataclass
class MemoryPlatforms:
    """`Platforms` in memory, with the calls that were made.

    Attributes:
        accounts: What meters the calls.
        formations: App name to its formation.
        failures: Errors that the next calls end in, first one first.
        calls: What was asked for: ("GET", app) or ("PATCH", app, quantities).
        releases: When an app was last released; not in it if never.
        web_urls: An app's web address, if it is not the usual one.
        keys: The key of each call.
        revoked: Keys that are no longer accepted.
    """

    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    formations: dict[str, dict[str, ProcessType]] = field(default_factory=dict)
    failures: list[PlatformError] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    releases: dict[str, datetime] = field(default_factory=dict)
    web_urls: dict[str, str] = field(default_factory=dict)
    keys: list[Secret] = field(default_factory=list)
    revoked: set[Secret] = field(default_factory=set)

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls are metered."""
        return GovernedPlatform(self.unmetered(app), self.accounts.of(app.heroku_key))

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's own call."""
        return MemoryPlatform(self, app.name, app.heroku_key)


@dataclass(frozen=True)
class MemoryPlatform:
    """The `Platform` of one app in memory."""

    all: MemoryPlatforms
    app: str
    key: Secret
    rules: PlatformRules = HEROKU

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return what the platform says of the app."""
        del urgency
        self._call("GET")
        self._rows()
        usual = f"https://{self.app}-0123.herokuapp.com/"
        return PlatformApp(
            f"id-of-{self.app}",
            self.app,
            self.all.web_urls.get(self.app, usual),
            self.all.releases.get(self.app),
        )

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        del urgency
        self._call("GET")
        return dict(self._rows())

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set the dynos of some process types."""
        del urgency
        self._call("PATCH", dict(quantities))
        rows = self._rows()
        for name, quantity in quantities.items():
            if name not in rows:
                raise Refused(
                    f"Couldn't find that process type ({name}).",
                    reason=Reason.APP_NOT_ON_HEROKU,
                    status=404,
                )
            rows[name] = replace(rows[name], quantity=quantity)
        return dict(rows)

    def _call(self, method: str, *what: object) -> None:
        self.all.calls.append((method, self.app, *what))
        self.all.keys.append(self.key)
        if self.key in self.all.revoked:
            raise NotAuthorized("Heroku answered 401", status=401)
        if self.all.failures:
            raise self.all.failures.pop(0)

    def _rows(self) -> dict[str, ProcessType]:
        if self.app not in self.all.formations:
            raise Refused(
                "Couldn't find that app.", reason=Reason.APP_NOT_ON_HEROKU, status=404
            )
        return self.all.formations[self.app]

"""The state of the local Heroku; methods take the time as an argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_heroku.accounts import SCOPES, Account, Token
from local_heroku.app_spec import AppSpec
from local_heroku.apps import RELEASE_TYPE, App, Dyno, FormationRow, Release
from local_heroku.dyno_lifecycle import DynoLifecycle
from local_heroku.errors import ApiError, forbidden, invalid_params, not_found
from local_heroku.faults import Faults
from local_heroku.formation_updates import plan
from local_heroku.ids import Ids
from local_heroku.rate_pool import RatePool
from local_heroku.request_log import RequestLog
from local_heroku.sizes import default_size

APP_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
DEFAULT_ACCOUNT = "default"
DEFAULT_TOKEN = "local-token"  # noqa: S105 (made up and public)


@dataclass(frozen=True, slots=True)
class Settings:
    """How long dynos boot and stop, and the rate limit of an account."""

    boot: timedelta = timedelta(seconds=2)
    stop: timedelta = timedelta(seconds=1)
    pool: int = 4500
    refill_per_minute: float = 75


class Heroku:
    """All accounts and apps of one local Heroku."""

    def __init__(self, settings: Settings, secret: str, now: datetime) -> None:
        self.settings = settings
        self.ids = Ids()
        self.lifecycle = DynoLifecycle(self.ids, settings.boot, settings.stop)
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.apps: dict[str, App] = {}
        self.faults = Faults()
        self._later: list[tuple[datetime, Callable[[datetime], object]]] = []
        self.log = RequestLog()
        self._secret = secret
        self.clear(now)

    def clear(self, now: datetime) -> None:
        """Reset to the default account, with its token and a full pool."""
        for part in (self.accounts, self.tokens, self.apps, self.faults.all):
            part.clear()
        self.log.clear()
        self._later.clear()
        self.add_account(DEFAULT_ACCOUNT, now)
        self.add_token(DEFAULT_ACCOUNT, self._secret, DEFAULT_ACCOUNT, ("global",))

    def do_later(self, at: datetime, act: Callable[[datetime], object]) -> None:
        """Carry out a request at a time after its connection was reset."""
        self._later.append((at, act))

    def advance(self, now: datetime) -> None:
        """Bring the dynos of all apps up to date, and carry out what was delayed."""
        due = [(at, act) for at, act in self._later if at <= now]
        self._later = [(at, act) for at, act in self._later if at > now]
        for at, act in due:
            with suppress(ApiError):
                act(at)
        for app in self.apps.values():
            self.lifecycle.advance(app, now)

    # Accounts and tokens

    def add_account(self, name: str, now: datetime) -> Account:
        """Add an account with a full pool, or return the existing one."""
        if name not in self.accounts:
            pool = RatePool(self.settings.pool, self.settings.refill_per_minute, now)
            self.accounts[name] = Account(self.ids.new("account"), name, pool)
        return self.accounts[name]

    def find_account(self, name: str) -> Account:
        """Return the account with this name.

        Raises:
            ApiError: 404, not found.
        """
        if name not in self.accounts:
            raise not_found("account", f"Couldn't find that account ({name}).")
        return self.accounts[name]

    def add_token(
        self, name: str, secret: str, account: str, scopes: Iterable[str]
    ) -> Token:
        """Add a token; the log shows its name, never its secret.

        Raises:
            ApiError: 422 for an unknown scope or a taken name or secret, 404
                for an unknown account.
        """
        scopes = tuple(scopes)
        if not scopes or not SCOPES.issuperset(scopes):
            known = ", ".join(sorted(SCOPES))
            raise invalid_params(f"Invalid scopes {list(scopes)}; choose from {known}.")
        if name in {token.name for token in self.tokens.values()}:
            raise invalid_params(f"A token named {name} already exists.")
        if not secret or secret in self.tokens:
            raise invalid_params(
                f"Token {name} needs a secret that no other token has."
            )
        token = Token(name, self.find_account(account), scopes)
        self.tokens[secret] = token
        return token

    def revoke_token(self, name: str) -> None:
        """Remove the token, so that its secret is refused.

        Raises:
            ApiError: 404, not found.
        """
        for secret, token in self.tokens.items():
            if token.name == name:
                del self.tokens[secret]
                return
        raise not_found("token", f"Couldn't find that token ({name}).")

    # Apps

    def add_app(self, spec: AppSpec, now: datetime) -> App:
        """Add an app whose dynos are already up.

        Raises:
            ApiError: 422 for a taken or invalid name.
        """
        self._check_name(spec.name)
        app_id = self.ids.new("app")
        app = App(
            id=app_id,
            name=spec.name,
            web_url=spec.web_url or self._new_address(spec.name),
            owner=self.find_account(spec.account),
            created_at=now,
            updated_at=now,
            generation=spec.generation,
        )
        for row in spec.formation:
            app.formation[row.type] = FormationRow(
                id=self.ids.new("formation"),
                type=row.type,
                command=row.command,
                quantity=row.quantity,
                size=row.size,
                created_at=now,
                updated_at=now,
            )
        app.releases.append(self._release(app, "Deploy", now))
        self.lifecycle.reconcile(app, now, already_up=True)
        self.apps[app.name] = app
        return app

    def rename_app(
        self, app: App, name: str, now: datetime, web_url: str | None = None
    ) -> None:
        """Give the app another name and, with it, another address; its id stays.

        Raises:
            ApiError: 422 for a taken or invalid name.
        """
        self._check_name(name)
        del self.apps[app.name]
        app.name, app.updated_at = name, now
        app.web_url = web_url or self._new_address(name)
        self.apps[name] = app

    def _check_name(self, name: str) -> None:
        if not APP_NAME.fullmatch(name):
            raise invalid_params(
                f"Name {name!r} must start with a letter, end with a letter or "
                "digit and can only contain 3 to 30 lowercase letters, digits, "
                "and dashes."
            )
        if name in self.apps:
            raise invalid_params(f"Name {name} is already taken")

    def _new_address(self, name: str) -> str:
        suffix = self.ids.new("address").replace("-", "")[:12]
        return f"https://{name}-{suffix}.herokuapp.com/"

    def remove_app(self, name_or_id: str) -> None:
        """Remove the app and its dynos.

        Raises:
            ApiError: 404, not found.
        """
        del self.apps[self.find_app(name_or_id).name]

    def find_app(self, name_or_id: str, account: Account | None = None) -> App:
        """Return the app with this name or uuid.

        Raises:
            ApiError: 404, not found; 403, it belongs to another account.
        """
        for app in self.apps.values():
            if name_or_id in {app.name, app.id}:
                if account is not None and app.owner is not account:
                    raise forbidden(f"You do not have access to the app {app.name}.")
                return app
        raise not_found("app", "Couldn't find that app.")

    # Changes to an app

    def scale(
        self, app: App, updates: Iterable[Mapping[str, Any]], now: datetime
    ) -> list[FormationRow]:
        """Apply the updates to the formation; return the updated rows.

        A new size restarts the dynos of its process type.

        Raises:
            ApiError: 404 or 422; nothing has changed.
        """
        desired = plan(app, updates)
        for after in desired.values():
            row = app.formation[after.type]
            resized = row.size is not after.size
            if resized or row.quantity != after.quantity:
                row.quantity, row.size = after.quantity, after.size
                row.updated_at = app.updated_at = now
            self.lifecycle.reconcile(app, now)
            if resized:
                self.restart(app, now, process_type=row.type)
        return [app.formation[process_type] for process_type in desired]

    def restart(
        self, app: App, now: datetime, *, process_type: str | None = None
    ) -> None:
        """Restart all dynos of the app, or those of one process type."""
        for dyno in app.listed_dynos(process_type):
            self.lifecycle.restart(app, dyno, now)

    def release(
        self,
        app: App,
        now: datetime,
        *,
        description: str = "Deploy",
        release_phase: bool = False,
    ) -> Release:
        """Create a release, which restarts all dynos of the app.

        With a release phase the formation has a row `release` from then on,
        without dynos, as on Heroku.
        """
        if release_phase and RELEASE_TYPE not in app.formation:
            sizes = [row.size for row in app.formation.values()]
            app.formation[RELEASE_TYPE] = FormationRow(
                id=self.ids.new("formation"),
                type=RELEASE_TYPE,
                command="python manage.py migrate",
                quantity=0,
                size=sizes[0] if sizes else default_size(app.generation),
                created_at=now,
                updated_at=now,
            )
        release = self._release(app, description, now)
        app.releases.append(release)
        app.updated_at = now
        self.restart(app, now)
        return release

    def find_dyno(self, app: App, name_or_id: str) -> Dyno:
        """Return the listed dyno with this name or uuid.

        Raises:
            ApiError: 404, not found.
        """
        for dyno in app.listed_dynos():
            if name_or_id in {dyno.name, dyno.id}:
                return dyno
        raise not_found("dyno", "Couldn't find that dyno.")

    def _release(self, app: App, description: str, now: datetime) -> Release:
        version = app.releases[-1].version + 1 if app.releases else 1
        return Release(self.ids.new("release"), version, description, now)

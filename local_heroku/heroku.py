"""The state of the local Heroku: everything it knows, the time an argument."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_heroku.accounts import SCOPES, Account, Token
from local_heroku.app_spec import AppSpec
from local_heroku.apps import RELEASE_TYPE, App, Dyno, FormationRow, Release
from local_heroku.dyno_life import DynoLife
from local_heroku.errors import forbidden, invalid_params, not_found
from local_heroku.faults import Faults
from local_heroku.formation_updates import plan
from local_heroku.ids import Ids
from local_heroku.rate_pool import RatePool
from local_heroku.request_log import RequestLog
from local_heroku.sizes import SIZES

APP_NAME = re.compile(r"[a-z][a-z0-9-]{1,28}[a-z0-9]")
DEFAULT_ACCOUNT = "default"
DEFAULT_TOKEN = "local-token"  # noqa: S105 (made up, and known to everyone)


@dataclass(frozen=True, slots=True)
class Settings:
    """How fast dynos boot and stop, and how many requests an account has."""

    boot: timedelta = timedelta(seconds=2)
    stop: timedelta = timedelta(seconds=1)
    pool: int = 4500
    refill_per_minute: float = 75


class Heroku:
    """All accounts and apps of one local Heroku."""

    def __init__(self, settings: Settings, secret: str, now: datetime) -> None:
        self.settings = settings
        self.ids = Ids()
        self.life = DynoLife(self.ids, settings.boot, settings.stop)
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.apps: dict[str, App] = {}
        self.faults = Faults()
        self.log = RequestLog()
        self._secret = secret
        self.clear(now)

    def clear(self, now: datetime) -> None:
        """Leave nothing but the default account, its token and a full pool."""
        for part in (self.accounts, self.tokens, self.apps, self.faults.all):
            part.clear()
        self.log.clear()
        self.add_account(DEFAULT_ACCOUNT, now)
        self.add_token(DEFAULT_ACCOUNT, self._secret, DEFAULT_ACCOUNT, ("global",))

    def advance(self, now: datetime) -> None:
        """Let the dynos of all apps live until now."""
        for app in self.apps.values():
            self.life.advance(app, now)

    # Accounts and tokens

    def add_account(self, name: str, now: datetime) -> Account:
        """Make an account with a full pool, or return the one there is."""
        if name not in self.accounts:
            pool = RatePool(self.settings.pool, self.settings.refill_per_minute, now)
            self.accounts[name] = Account(self.ids.new("account"), name, pool)
        return self.accounts[name]

    def find_account(self, name: str) -> Account:
        """Return the account of that name.

        Raises:
            ApiError: 404, there is none.
        """
        if name not in self.accounts:
            raise not_found("account", f"Couldn't find that account ({name}).")
        return self.accounts[name]

    def add_token(
        self, name: str, secret: str, account: str, scopes: Iterable[str]
    ) -> Token:
        """Register a token under a name that the log may show.

        Raises:
            ApiError: 422 for an unknown scope or a taken name or secret, 404
                for an unknown account.
        """
        scopes = tuple(scopes)
        if not scopes or not SCOPES.issuperset(scopes):
            known = ", ".join(sorted(SCOPES))
            raise invalid_params(f"Scopes {list(scopes)} must be some of {known}.")
        if name in {token.name for token in self.tokens.values()}:
            raise invalid_params(f"There is a token {name} already.")
        if not secret or secret in self.tokens:
            raise invalid_params(f"The token {name} needs a secret of its own.")
        token = Token(name, self.find_account(account), scopes)
        self.tokens[secret] = token
        return token

    def revoke_token(self, name: str) -> None:
        """Forget the token, so that its secret is refused.

        Raises:
            ApiError: 404, there is none.
        """
        for secret, token in self.tokens.items():
            if token.name == name:
                del self.tokens[secret]
                return
        raise not_found("token", f"Couldn't find that token ({name}).")

    # Apps

    def add_app(self, spec: AppSpec, now: datetime) -> App:
        """Put an app in place whose dynos are up already.

        Raises:
            ApiError: 422 for a taken or impossible name.
        """
        if not APP_NAME.fullmatch(spec.name):
            raise invalid_params(
                f"Name {spec.name!r} must start with a letter, end with a letter or "
                "digit and can only contain 3 to 30 lowercase letters, digits, "
                "and dashes."
            )
        if spec.name in self.apps:
            raise invalid_params(f"Name {spec.name} is already taken")
        app_id = self.ids.new("app")
        app = App(
            id=app_id,
            name=spec.name,
            web_url=spec.web_url
            or f"https://{spec.name}-{app_id.replace('-', '')[:12]}.herokuapp.com/",
            owner=self.find_account(spec.account),
            created_at=now,
            updated_at=now,
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
        self.life.reconcile(app, now, already_up=True)
        self.apps[app.name] = app
        return app

    def remove_app(self, name_or_id: str) -> None:
        """Forget the app and its dynos.

        Raises:
            ApiError: 404, there is none.
        """
        del self.apps[self.find_app(name_or_id).name]

    def find_app(self, name_or_id: str, account: Account | None = None) -> App:
        """Return the app of that name or uuid.

        Raises:
            ApiError: 404, there is none; 403, it is not the account's.
        """
        for app in self.apps.values():
            if name_or_id in {app.name, app.id}:
                if account is not None and app.owner is not account:
                    raise forbidden(f"You do not have access to the app {app.name}.")
                return app
        raise not_found("app", "Couldn't find that app.")

    # What happens to an app

    def scale(
        self, app: App, updates: Iterable[Mapping[str, Any]], now: datetime
    ) -> list[FormationRow]:
        """Apply the updates to the formation and return the rows they name.

        Dynos of a row whose size changes are restarted.

        Raises:
            ApiError: 404 or 422, and nothing has changed.
        """
        wanted = plan(app, updates)
        for after in wanted.values():
            row = app.formation[after.type]
            resized = row.size is not after.size
            if resized or row.quantity != after.quantity:
                row.quantity, row.size = after.quantity, after.size
                row.updated_at = app.updated_at = now
            self.life.reconcile(app, now)
            if resized:
                self.restart(app, now, process_type=row.type)
        return [app.formation[process_type] for process_type in wanted]

    def restart(
        self, app: App, now: datetime, *, process_type: str | None = None
    ) -> None:
        """Restart all dynos of the app, or those of one process type."""
        for dyno in app.listed_dynos(process_type):
            self.life.restart(app, dyno, now)

    def release(
        self,
        app: App,
        now: datetime,
        *,
        description: str = "Deploy",
        release_phase: bool = False,
    ) -> Release:
        """Make a new version of the app, which restarts all its dynos.

        A release phase leaves a row `release` in the formation, as Heroku
        does; it has no dynos.
        """
        if release_phase and RELEASE_TYPE not in app.formation:
            sizes = [row.size for row in app.formation.values()]
            app.formation[RELEASE_TYPE] = FormationRow(
                id=self.ids.new("formation"),
                type=RELEASE_TYPE,
                command="python manage.py migrate",
                quantity=0,
                size=sizes[0] if sizes else SIZES[0],
                created_at=now,
                updated_at=now,
            )
        release = self._release(app, description, now)
        app.releases.append(release)
        app.updated_at = now
        self.restart(app, now)
        return release

    def find_dyno(self, app: App, name_or_id: str) -> Dyno:
        """Return the listed dyno of that name or uuid.

        Raises:
            ApiError: 404, there is none.
        """
        for dyno in app.listed_dynos():
            if name_or_id in {dyno.name, dyno.id}:
                return dyno
        raise not_found("dyno", "Couldn't find that dyno.")

    def _release(self, app: App, description: str, now: datetime) -> Release:
        version = app.releases[-1].version + 1 if app.releases else 1
        return Release(self.ids.new("release"), version, description, now)

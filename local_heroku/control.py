"""The client of the control routes, for tests and demos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import requests

TIMEOUT = (3.05, 10)
DEFAULT_SIZE = "Standard-1X"

FaultName = Literal[
    "latency",
    "hang",
    "reset",
    "cut",
    "non_json",
    "partial",
    "drip",
    "apply_then_reset",
]


class ControlError(Exception):
    """A control request that the server refused; the text says why."""


@dataclass(frozen=True, slots=True)
class AppView:
    """An app as the control routes show it."""

    id: str
    name: str
    web_url: str
    account: str
    process_tier: str
    release: int


@dataclass(frozen=True, slots=True)
class DynoView:
    """A dyno: `state` is starting, up, crashed or stopping.

    A restart makes another dyno, with the same `name` and another `id`;
    for a while both are there, the older one stopping.
    """

    id: str
    name: str
    type: str
    state: str
    size: str
    command: str
    release: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request to the Platform API, as the log has it.

    `status` is None if the connection ended without a whole answer. `cost`
    is 1 if the account's pool paid for it, else 0. `body` is what a PATCH
    carried.
    """

    at: datetime
    method: str
    path: str
    query: str
    app: str | None
    account: str | None
    token: str | None
    request_id: str
    status: int | None
    remaining: int | None
    cost: int
    fault: str | None
    body: Any


class LocalHeroku:
    """A running local Heroku, steered through its control routes.

    `url` is what HEROKU_API_URL and HEROKU_HOST take, `token` what
    HEROKU_API_KEY takes. Every method raises ControlError when the server
    refuses and a requests exception when it is not there. None of them
    costs a request of the pool or stands in the log.
    """

    def __init__(self, url: str, token: str = "local-token") -> None:  # noqa: S107 (made up)
        self.url = url.rstrip("/")
        self.token = token

    def __repr__(self) -> str:
        return f"LocalHeroku({self.url!r})"

    # Apps

    def create_app(
        self,
        name: str,
        formation: Mapping[str, int] | None = None,
        *,
        size: str = DEFAULT_SIZE,
        sizes: Mapping[str, str] | None = None,
        commands: Mapping[str, str] | None = None,
        web_url: str | None = None,
        account: str = "default",
    ) -> AppView:
        """Put an app in place whose dynos are up.

        Args:
            name: the app's name.
            formation: quantity by process type; one web and one worker
                dyno if not given.
            size: the dyno size of every process type.
            sizes: other sizes, by process type.
            commands: commands, by process type.
            web_url: the address of the app, made up if not given.
            account: the name of the account that owns it.
        """
        quantities = {"web": 1, "worker": 1} if formation is None else formation
        rows = [
            {
                "type": process_type,
                "quantity": quantity,
                "size": (sizes or {}).get(process_type, size),
                "command": (commands or {}).get(process_type),
            }
            for process_type, quantity in quantities.items()
        ]
        body = {
            "name": name,
            "formation": rows,
            "web_url": web_url,
            "account": account,
        }
        return _app(self._ask("POST", "/apps", body))

    def delete_app(self, name: str) -> None:
        """Remove an app."""
        self._ask("DELETE", f"/apps/{quote(name)}")

    def apps(self) -> list[AppView]:
        """Return all apps, oldest first."""
        return [_app(row) for row in self._ask("GET", "/apps")]

    def app(self, name: str) -> AppView:
        """Return one app."""
        return _app(self._ask("GET", f"/apps/{quote(name)}"))

    def formation(self, name: str) -> dict[str, int]:
        """Return the quantity of each process type."""
        rows = self._ask("GET", f"/apps/{quote(name)}")["formation"]
        return {row["type"]: row["quantity"] for row in rows}

    def sizes(self, name: str) -> dict[str, str]:
        """Return the dyno size of each process type."""
        rows = self._ask("GET", f"/apps/{quote(name)}")["formation"]
        return {row["type"]: row["size"] for row in rows}

    def scale(self, name: str, formation: Mapping[str, int]) -> None:
        """Set quantities as a person would, outside the account's pool."""
        updates = [{"type": kind, "quantity": n} for kind, n in formation.items()]
        self._ask("PATCH", f"/apps/{quote(name)}/formation", {"updates": updates})

    def dynos(self, name: str) -> list[DynoView]:
        """Return all dynos, oldest first, those that are stopping too."""
        return [_dyno(row) for row in self._ask("GET", f"/apps/{quote(name)}")["dynos"]]

    def release(
        self, name: str, *, description: str = "Deploy", release_phase: bool = False
    ) -> int:
        """Make a new release, which restarts all dynos; return its version.

        With `release_phase` the formation has a row `release` from then on.
        """
        body = {"description": description, "release_phase": release_phase}
        answer = self._ask("POST", f"/apps/{quote(name)}/releases", body)
        return int(answer["version"])

    def crash_dyno(self, name: str, dyno: str) -> None:
        """Let a dyno crash; it stays so until something restarts it."""
        self._ask("POST", f"/apps/{quote(name)}/dynos/{quote(dyno)}/crash")

    def cycle_dyno(self, name: str, dyno: str) -> None:
        """Restart a dyno as the daily cycling does."""
        self._ask("POST", f"/apps/{quote(name)}/dynos/{quote(dyno)}/cycle")

    # Accounts

    def create_account(self, name: str) -> None:
        """Make an account with a pool of its own."""
        self._ask("POST", "/accounts", {"name": name})

    def create_token(
        self,
        name: str,
        token: str,
        *,
        scopes: Iterable[str] = ("global",),
        account: str = "default",
    ) -> None:
        """Register a token; the log and the state show its name alone."""
        body = {
            "name": name,
            "token": token,
            "scopes": list(scopes),
            "account": account,
        }
        self._ask("POST", "/tokens", body)

    def revoke_token(self, name: str) -> None:
        """Forget the token of that name, so that it is refused."""
        self._ask("DELETE", f"/tokens/{quote(name)}")

    def remaining(self, account: str = "default") -> int:
        """Return how many requests the account has left."""
        for row in self.state()["accounts"]:
            if row["name"] == account:
                return int(row["remaining"])
        raise ControlError(f"There is no account {account}.")

    def set_remaining(self, remaining: int, account: str = "default") -> None:
        """Set how many requests the account has left."""
        path = f"/accounts/{quote(account)}/remaining"
        self._ask("PUT", path, {"remaining": remaining})

    # Faults

    def fail(
        self,
        what: int | FaultName,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
        times: int | None = 1,
        every: int = 1,
        seconds: float | None = None,
        error_id: str | None = None,
        message: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Let requests fail; return the id of the fault.

        Args:
            what: an HTTP status from 400 to 599, or the name of a fault.
            method: only requests of this method.
            path: only requests whose path starts so.
            app: only requests for this app, by name.
            times: how often, None for until the faults are cleared.
            every: 3 for the third, sixth, ... request that matches.
            seconds: the delay of `latency` and of each byte of `drip`
                (1 if not given); how long `hang` hangs.
            error_id: the id in the body of a status, `suspended` for one.
            message: its message.
            extra: more of its keys, `{"limit": 1}` for one.
        """
        kind = {"kind": "status", "status": what} if isinstance(what, int) else None
        body = {
            **(kind or {"kind": what}),
            "method": method,
            "path": path,
            "app": app,
            "times": times,
            "every": every,
            "seconds": seconds,
            "error_id": error_id,
            "message": message,
            "extra": dict(extra or {}),
        }
        return str(self._ask("POST", "/faults", body)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults with how often each was `seen` and `happened`."""
        return list(self._ask("GET", "/faults"))

    def clear_faults(self) -> None:
        """Forget all faults, and end what hangs because of one."""
        self._ask("DELETE", "/faults")

    # The log of the requests

    def requests(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> list[RequestView]:
        """Return the requests, oldest first.

        Args:
            method: only those of this method.
            path: only those whose path starts so.
            app: only those for this app, by name.
        """
        query = {"method": method, "path": path, "app": app}
        return [_request(row) for row in self._ask("GET", "/requests", query=query)]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "/requests")

    def cost(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> int:
        """Return how many requests of the pool were spent, filtered as above."""
        query = {"method": method, "path": path, "app": app}
        return int(self._ask("GET", "/cost", query=query)["cost"])

    # All of it

    def state(self) -> dict[str, Any]:
        """Return accounts, tokens by name, apps and faults as JSON."""
        return dict(self._ask("GET", "/state"))

    def clear(self) -> None:
        """Leave nothing but the default account with a full pool."""
        self._ask("DELETE", "/state")

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | None] | None = None,
    ) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                f"{self.url}/_control{path}",
                json=body,
                params=query,
                timeout=TIMEOUT,
            )
        if not answer.ok:
            raise ControlError(answer.json()["message"])
        return answer.json()


def _app(row: Mapping[str, Any]) -> AppView:
    return AppView(
        id=row["id"],
        name=row["name"],
        web_url=row["web_url"],
        account=row["account"],
        process_tier=row["process_tier"],
        release=row["release"],
    )


def _dyno(row: Mapping[str, Any]) -> DynoView:
    return DynoView(
        id=row["id"],
        name=row["name"],
        type=row["type"],
        state=row["state"],
        size=row["size"],
        command=row["command"],
        release=row["release"]["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _request(row: Mapping[str, Any]) -> RequestView:
    return RequestView(**{**row, "at": datetime.fromisoformat(row["at"])})

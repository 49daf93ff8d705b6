"""The client of the control routes, for tests and demos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

import requests

TIMEOUT = (3.05, 10)

FaultName = Literal[
    "latency",
    "hang",
    "reset",
    "cut",
    "non_json",
    "partial",
    "drip",
    "apply_then_reset",
    "apply_late",
    "leave_out",
]


class ControlError(Exception):
    """The server refused a control request; the message says why."""


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
    """A dyno; its `state` is starting, up, crashed or stopping.

    A restart creates a dyno with the same `name` and another `id`; for a
    while both are listed, the older one stopping.
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
    """A logged request to the Platform API.

    `status` is None if the connection ended before the answer did. `cost` is
    1 if it was taken from the account's pool, otherwise 0. `body` is set for
    PATCH only.
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
    """A client for the control routes of a running local Heroku.

    `url` is the value for HEROKU_API_URL and HEROKU_HOST, `token` the one for
    HEROKU_API_KEY. Every method raises ControlError if the server refuses the
    request, and an exception of requests if it cannot be reached. Control
    requests are free and not logged.
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
        size: str | None = None,
        sizes: Mapping[str, str] | None = None,
        commands: Mapping[str, str] | None = None,
        web_url: str | None = None,
        account: str = "default",
        generation: str = "cedar",
    ) -> AppView:
        """Create an app whose dynos are up.

        Args:
            name: the app's name.
            formation: quantity by process type; one web and one worker
                dyno by default.
            size: the dyno size of every process type; by default the smallest
                one without a limit of its generation.
            sizes: exceptions from `size`, by process type.
            commands: commands, by process type.
            web_url: the URL of the app, made up by default.
            account: the name of the account that owns it.
            generation: the generation that it runs on, cedar or fir.
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
            "generation": generation,
        }
        return _app(self._send("POST", "/apps", body))

    def rename_app(
        self, name: str, new_name: str, *, web_url: str | None = None
    ) -> AppView:
        """Give an app another name; its id stays.

        Its address changes with the name: to `web_url`, made up by default.
        """
        body = {"name": new_name, "web_url": web_url}
        return _app(self._send("PATCH", f"/apps/{quote(name)}", body))

    def delete_app(self, name: str) -> None:
        """Remove an app."""
        self._send("DELETE", f"/apps/{quote(name)}")

    def apps(self) -> list[AppView]:
        """Return all apps, oldest first."""
        return [_app(row) for row in self._send("GET", "/apps")]

    def app(self, name: str) -> AppView:
        """Return one app."""
        return _app(self._send("GET", f"/apps/{quote(name)}"))

    def formation(self, name: str) -> dict[str, int]:
        """Return the quantity of each process type."""
        rows = self._send("GET", f"/apps/{quote(name)}")["formation"]
        return {row["type"]: row["quantity"] for row in rows}

    def sizes(self, name: str) -> dict[str, str]:
        """Return the dyno size of each process type."""
        rows = self._send("GET", f"/apps/{quote(name)}")["formation"]
        return {row["type"]: row["size"] for row in rows}

    def scale(self, name: str, formation: Mapping[str, int]) -> None:
        """Scale as a person would, at no cost to the account's pool."""
        updates = [{"type": kind, "quantity": n} for kind, n in formation.items()]
        self._send("PATCH", f"/apps/{quote(name)}/formation", {"updates": updates})

    def dynos(self, name: str) -> list[DynoView]:
        """Return all dynos, oldest first, including stopping ones."""
        return [
            _dyno(row) for row in self._send("GET", f"/apps/{quote(name)}")["dynos"]
        ]

    def release(
        self, name: str, *, description: str = "Deploy", release_phase: bool = False
    ) -> int:
        """Create a release, which restarts all dynos; return its version.

        With `release_phase` the formation has a row `release` from then on.
        """
        body = {"description": description, "release_phase": release_phase}
        answer = self._send("POST", f"/apps/{quote(name)}/releases", body)
        return int(answer["version"])

    def crash_dyno(self, name: str, dyno: str) -> None:
        """Crash a dyno; it stays crashed until it is restarted."""
        self._send("POST", f"/apps/{quote(name)}/dynos/{quote(dyno)}/crash")

    def cycle_dyno(self, name: str, dyno: str) -> None:
        """Restart a dyno, as Heroku does once a day."""
        self._send("POST", f"/apps/{quote(name)}/dynos/{quote(dyno)}/cycle")

    # Accounts

    def create_account(self, name: str) -> None:
        """Create an account with its own pool."""
        self._send("POST", "/accounts", {"name": name})

    def create_token(
        self,
        name: str,
        token: str,
        *,
        scopes: Iterable[str] = ("global",),
        account: str = "default",
    ) -> None:
        """Create a token; the log and the state show only its name."""
        body = {
            "name": name,
            "token": token,
            "scopes": list(scopes),
            "account": account,
        }
        self._send("POST", "/tokens", body)

    def revoke_token(self, name: str) -> None:
        """Remove the token with this name, so that it is refused."""
        self._send("DELETE", f"/tokens/{quote(name)}")

    def remaining(self, account: str = "default") -> int:
        """Return how many requests the account has left."""
        for row in self.state()["accounts"]:
            if row["name"] == account:
                return int(row["remaining"])
        raise ControlError(f"Couldn't find that account ({account}).")

    def set_remaining(self, remaining: int, account: str = "default") -> None:
        """Set how many requests the account has left."""
        path = f"/accounts/{quote(account)}/remaining"
        self._send("PUT", path, {"remaining": remaining})

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
        """Make matching requests fail; return the id of the fault.

        Args:
            what: an HTTP status from 400 to 599, or the name of a fault.
            method: limits it to requests with this method.
            path: limits it to requests whose path starts like this.
            app: limits it to requests for the app with this name.
            times: how many requests fail; None: all until it is cleared.
            every: with 3, only every third matching request fails.
            seconds: the delay of `latency`, of each byte of `drip` and of what
                `apply_late` applies (1 by default); how long `hang` hangs (by
                default until cleared).
            error_id: for a status, the `id` in the body, such as `suspended`.
            message: for a status, the `message` in the body.
            extra: for a status, more keys of the body, such as `{"limit": 1}`;
                for `leave_out`, the process type: `{"type": "worker"}`.
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
        return str(self._send("POST", "/faults", body)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults; `seen` counts matches, `happened` failures."""
        return list(self._send("GET", "/faults"))

    def clear_faults(self) -> None:
        """Remove all faults, and end those under way."""
        self._send("DELETE", "/faults")

    # Request log

    def requests(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> list[RequestView]:
        """Return the logged requests, oldest first.

        Args:
            method: only those with this method.
            path: only those whose path starts like this.
            app: only those for the app with this name.
        """
        query = {"method": method, "path": path, "app": app}
        return [_request(row) for row in self._send("GET", "/requests", query=query)]

    def clear_requests(self) -> None:
        """Clear the request log."""
        self._send("DELETE", "/requests")

    def cost(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> int:
        """Return what the requests cost; filters are those of `requests`."""
        query = {"method": method, "path": path, "app": app}
        return int(self._send("GET", "/cost", query=query)["cost"])

    # State

    def state(self) -> dict[str, Any]:
        """Return accounts, tokens (without secrets), apps and faults as JSON."""
        return dict(self._send("GET", "/state"))

    def clear(self) -> None:
        """Reset to the default account with a full pool."""
        self._send("DELETE", "/state")

    def _send(
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

"""The log of the requests: what was asked, by whom, at what cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class LoggedRequest:
    """One request to the Platform API.

    `token` is the name of the token. `cost` is what the account's pool paid,
    0 or 1. `status` is None while there is no answer, and stays so when the
    connection ended without one. `body` is what a PATCH carried.
    """

    at: datetime
    method: str
    path: str
    query: str
    app: str | None
    account: str | None
    token: str | None
    request_id: str
    status: int | None = None
    remaining: int | None = None
    cost: int = 0
    fault: str | None = None
    body: Any = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry as the control route and the log file show it."""
        return {**asdict(self), "at": self.at.isoformat(timespec="milliseconds")}


class RequestLog:
    """The newest requests, oldest of them first."""

    def __init__(self, keep: int = 50_000) -> None:
        self._keep = keep
        self.entries: list[LoggedRequest] = []

    def add(self, entry: LoggedRequest) -> None:
        """Remember the request; forget the oldest above the limit."""
        self.entries.append(entry)
        if len(self.entries) > self._keep:
            del self.entries[: -self._keep]

    def clear(self) -> None:
        """Forget all of them."""
        self.entries.clear()

    def filtered(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> list[LoggedRequest]:
        """Return the entries of that method, path prefix and app."""
        return [
            entry
            for entry in self.entries
            if method in {None, entry.method}
            and (path is None or entry.path.startswith(path))
            and app in {None, entry.app}
        ]

"""The request log: each request with its token, its answer and its cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class LoggedRequest:
    """One request to the Platform API.

    `token` is the token's name. `cost` is what it took from the account's pool,
    0 or 1. `status` is None until the answer is sent, and stays None if the
    connection ends before that. `body` is set for PATCH only.
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
        """Return the entry as JSON for the control routes and the log file."""
        return {**asdict(self), "at": self.at.isoformat(timespec="milliseconds")}


class RequestLog:
    """The last `keep` requests, oldest first."""

    def __init__(self, keep: int = 50_000) -> None:
        self._keep = keep
        self.entries: list[LoggedRequest] = []

    def add(self, entry: LoggedRequest) -> None:
        """Add a request; drop the oldest above the limit."""
        self.entries.append(entry)
        if len(self.entries) > self._keep:
            del self.entries[: -self._keep]

    def clear(self) -> None:
        """Remove all entries."""
        self.entries.clear()

    def filtered(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        app: str | None = None,
    ) -> list[LoggedRequest]:
        """Return the entries with this method, path prefix and app."""
        return [
            entry
            for entry in self.entries
            if method in {None, entry.method}
            and (path is None or entry.path.startswith(path))
            and app in {None, entry.app}
        ]

"""Calls of the Heroku API, from the local Heroku's log of requests.

The log is a file, so it can still be read when Ctrl-C has ended the server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls that the account paid for: those that read, those that change."""

    reads: int
    changes: int

    @property
    def all(self) -> int:
        """All calls."""
        return self.reads + self.changes


def count_calls(log: Path, *, after: int = 0) -> Calls:
    """Return the calls in a log.

    Args:
        log: One line of JSON for each request.
        after: So many calls at the beginning are left out.
    """
    lines = log.read_text().splitlines() if log.exists() else []
    requests = [json.loads(line) for line in lines]
    methods = [request["method"] for request in requests if request["cost"]][after:]
    reads = sum(method in ("GET", "HEAD") for method in methods)
    return Calls(reads, len(methods) - reads)

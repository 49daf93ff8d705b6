"""Jobs that need no broker: the in-memory twin of what measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from scalar_agent.work import Work

TOKEN = "s3cret"


class KnownJobs:
    """Says what it was told to; raises if it was told to."""

    def __init__(self, error: Optional[Exception] = None, **work: Work) -> None:
        self.work = work
        self.error = error
        self.measured = 0

    def measure(self) -> Mapping[str, Work]:
        self.measured += 1
        if self.error:
            raise self.error
        return self.work

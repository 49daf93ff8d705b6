"""An in-memory twin of `CeleryJobs` and `RqJobs`; needs no broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from scalar_agent.work import Work

TOKEN = "s3cret"


class KnownJobs:
    """Returns the work, or raises the error, that it was made with."""

    def __init__(self, error: Optional[Exception] = None, **work: Work) -> None:
        self.work = work
        self.error = error
        self.measured = 0

    def measure(self) -> Mapping[str, Work]:
        self.measured += 1
        if self.error:
            raise self.error
        return self.work

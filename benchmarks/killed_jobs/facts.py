"""What happened, in a file to which each process appends lines."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

#: The variable with the file's path, in the environment of every dyno.
FILE = "KILLED_JOBS_FACTS"
#: The variable with the dyno's id: several dynos may have the same name.
LIFE = "KILLED_JOBS_DYNO_ID"

Kind = Literal[
    "sent",  # a job, to the queue
    "began",  # a job, on a dyno
    "ended",  # a job that was done
    "cut",  # a job that an exception cut short
    "started",  # a dyno's process
    "sigterm",  # to a dyno
    "sigkill",  # to a dyno
    "gone",  # a dyno's process has ended
    "asked",  # the app was polled
    "answered",  # the app answered
]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line.

    Attributes:
        kind: What happened.
        at: When, in seconds since 1970.
        dyno: The dyno's name, such as "worker.2"; empty if none was involved.
        life: The dyno's id.
        job: The number of the job; -1 if none was involved.
        text: Further details.
    """

    kind: Kind
    at: float
    dyno: str = ""
    life: str = ""
    job: int = -1
    text: str = ""


class FactFile:
    """The file, for writers and readers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(
        self,
        kind: Kind,
        *,
        dyno: str = "",
        life: str = "",
        job: int = -1,
        text: str = "",
    ) -> None:
        """Append a line atomically, so that a kill cannot truncate it."""
        fact = Fact(kind, time.time(), dyno, life, job, text)
        line = json.dumps(asdict(fact)) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def read(self) -> Sequence[Fact]:
        """Return all facts in the order of time."""
        if not self.path.exists():
            return []
        lines = self.path.read_text().splitlines()
        return sorted((Fact(**json.loads(line)) for line in lines), key=_time)


def _time(fact: Fact) -> float:
    return fact.at


def of_this_dyno() -> tuple[FactFile, str, str]:
    """Return the file, and the name and id of the dyno that runs this process."""
    environ = os.environ
    return FactFile(Path(environ[FILE])), environ["DYNO"], environ[LIFE]

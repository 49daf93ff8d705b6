"""The decisions of the scaler, from the log of its Celery worker."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(
    r"\S+ (?P<time>\d\d:\d\d:\d\d)\S* level=\S+ (?P<event>scale\.(?:done|held)) "
    r"(?P<facts>.*)"
)


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of the log that tells of a decision.

    Attributes:
        time: Of the day, as in the log.
        process_type: None if it holds the whole app.
        text: What was decided, and why.
    """

    time: str
    process_type: str | None
    text: str


def read_decision(line: str) -> Decided | None:
    """Return the decision that a line of the log tells of; None if of none."""
    found = _LINE.fullmatch(line.strip())
    if not found:
        return None
    facts = dict(
        part.split("=", 1) for part in shlex.split(found["facts"]) if "=" in part
    )
    if found["event"] == "scale.held":
        text = f"held: {facts['reason']}"
    else:
        text = f"{facts['current']} -> {facts['desired']}  count {facts['count']}"
    return Decided(found["time"], facts.get("process_type"), text)


class DecisionLog:
    """Reads the log as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def new(self) -> list[Decided]:
        """Return the decisions of the lines since the last call."""
        with self._path.open("rb") as log:
            log.seek(self._place)
            text = log.read()
        # A line that is being written is left for the next time.
        whole = text[: text.rfind(b"\n") + 1]
        self._place += len(whole)
        lines = whole.decode(errors="replace").splitlines()
        return [found for line in lines if (found := read_decision(line))]

"""Keep a history in a file, so that a run can be checked again without a rerun."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.history import Answer, Call, Event, History, Span

#: Its name in the folder of a run.
NAME = "history.json"


def save(history: History, folder: Path) -> None:
    """Write the history into the folder of its run."""
    (folder / NAME).write_text(json.dumps(asdict(history), default=sorted))


def load(folder: Path) -> History:
    """Return the history of the run that has this folder."""
    said: dict[str, Any] = json.loads((folder / NAME).read_text())
    rows: dict[str, Any] = {
        "answers": tuple(Answer(**row) for row in said["answers"]),
        "calls": tuple(Call(**row) for row in said["calls"]),
        "by_hand": tuple(Call(**row) for row in said["by_hand"]),
        "events": tuple(Event(**row) for row in said["events"]),
        "spans": tuple(
            Span(**{**row, "apps": frozenset(row["apps"])}) for row in said["spans"]
        ),
    }
    rows["load"] = tuple((at, slow) for at, slow in said.get("load", ()))
    lists = ("registry_before", "registry_after", "deaths", "leaks")
    return History(**{**said, **{k: tuple(said[k]) for k in lists}, **rows})

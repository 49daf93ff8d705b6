"""The log of each part, in the demo's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Logs:
    """The paths of the logs."""

    folder: Path

    @property
    def heroku(self) -> Path:
        """Requests to the local Heroku, one JSON object per line."""
        return self.folder / "heroku.jsonl"

    def command(self, name: str) -> Path:
        """The output of a command."""
        return self.folder / f"{name}.log"

    def scaler(self, name: str) -> Path:
        """A process of our Procfile."""
        return self.folder / f"scaler-{name}.log"

    def dyno(self, name: str) -> Path:
        """A dyno of the app."""
        return self.folder / f"shop-{name}.log"

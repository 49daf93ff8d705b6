"""Where each part of the demo logs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo.shop import NAME, SCALED


@dataclass(frozen=True, slots=True)
class Logs:
    """The files of the demo's folder, by what writes them."""

    folder: Path

    @property
    def redis(self) -> Path:
        """What Redis says."""
        return self.folder / "redis.log"

    @property
    def heroku(self) -> Path:
        """The requests to the local Heroku, as lines of JSON."""
        return self.folder / "heroku.jsonl"

    def command(self, name: str) -> Path:
        """Return the output of a command of the scaler."""
        return self.folder / f"{name}.log"

    def scaler(self, name: str) -> Path:
        """Return the log of a process of the scaler, named as in the Procfile."""
        return self.folder / f"scaler-{name}.log"

    def dyno(self, name: str) -> Path:
        """Return the log of a dyno of the app."""
        return self.folder / f"{NAME}-{name}.log"

    def scaled_dynos(self) -> list[Path]:
        """Return the logs that dynos of the scaled process types have begun."""
        return [log for name in SCALED for log in self.folder.glob(f"{NAME}-{name}.*")]

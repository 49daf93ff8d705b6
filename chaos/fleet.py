"""Start the fleet's process, and send it commands."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, cast
from urllib.parse import quote

from chaos.fleet_server import HOST, LOG, PASSWORD, USER, is_https
from chaos.history import Answer
from chaos.script import number_of
from devtools.procfile import ROOT


class FleetProcess:
    """All apps, in a process of their own that ends with the `with` block.

    Attributes:
        began: When the script began.
        ca: The certificate to trust.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self._log = folder / LOG
        self._read = 0
        self._answers: list[Answer] = []
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "chaos.fleet_server", str(seed), str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._in = cast("TextIO", self._process.stdin)
        self._out = cast("TextIO", self._process.stdout)
        line = self._read_line()
        self._port, self._https = int(line["port"]), int(line["https"])
        self.ca, self.began = str(line["ca"]), float(line["began"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def url(self, app: str) -> str:
        """Return the URL of an app's counts, with its password."""
        secured = is_https(number_of(app))
        scheme, port = ("https", self._https) if secured else ("http", self._port)
        password = quote(PASSWORD, safe="")
        return f"{scheme}://{USER}:{password}@{HOST}:{port}/{app}/api/scalar_tasks/"

    def make_sick(self, kinds: Mapping[str, str]) -> float:
        """Make exactly these apps sick; return from when on."""
        return self._send({"sick": dict(kinds)})

    def freeze(self) -> float:
        """Stop the script, so that the counts stay; return from when on."""
        return self._send({"freeze": True})

    def answers(self) -> list[Answer]:
        """Return all answers so far."""
        with self._log.open(encoding="utf-8") as log:
            log.seek(self._read)
            while (line := log.readline()).endswith("\n"):
                self._answers.append(Answer(**json.loads(line)))
                self._read = log.tell()
        return self._answers

    def _send(self, command: Mapping[str, Any]) -> float:
        self._in.write(json.dumps(command) + "\n")
        self._in.flush()
        return float(self._read_line()["at"])

    def _read_line(self) -> Mapping[str, Any]:
        line: Mapping[str, Any] = json.loads(self._out.readline())
        return line

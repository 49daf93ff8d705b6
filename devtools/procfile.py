"""Run a line of the Procfile as Heroku would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from honcho.environ import parse_procfile

ROOT = Path(__file__).resolve().parents[1]
PROCFILE = ROOT / "Procfile"


def line(name: str, procfile: Path = PROCFILE) -> str:
    """Return the command of a process type.

    Raises:
        KeyError: The Procfile has no such process type.
    """
    commands: dict[str, str] = parse_procfile(procfile.read_text()).processes
    return commands[name]


class ProcfileProcess:
    """A process type's command under way, in a process group of its own."""

    def __init__(self, command: str, env: Mapping[str, str], log: Path) -> None:
        self._log = log
        path = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=ROOT,
                env={**env, "PATH": path, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the group's first process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the first process is still there."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """Return the numbers of all processes of the group."""
        found = []
        for process in psutil.process_iter():
            try:
                if (
                    os.getpgid(process.pid) == self.pid
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process.pid)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return found

    def terminate_like_heroku(self, timeout: float = 30.0) -> int:
        """Send SIGTERM to every process, SIGKILL after `timeout` seconds.

        Returns the exit status; negative if a signal ended it.
        """
        self._signal(signal.SIGTERM)
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.returncode
        self._signal(signal.SIGKILL)
        return status

    def kill(self) -> None:
        """Send SIGKILL to every process, as when a dyno's host dies."""
        self._signal(signal.SIGKILL)
        self._process.wait(10)

    def pause(self) -> None:
        """Freeze every process (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on after `pause`."""
        self._signal(signal.SIGCONT)

    def log_text(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait_for_log(self, pattern: str, timeout: float = 20.0) -> str:
        """Return the text that matches a pattern, when it has been printed.

        Raises:
            TimeoutError: It was not, in `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            if found := re.search(pattern, self.log_text()):
                return found[0]
            if time.monotonic() > end or not self.running:
                raise TimeoutError(f"{pattern!r} not in the log:\n{self.log_text()}")
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return


def start_process(
    name: str, *, env: Mapping[str, str], log: Path, procfile: Path = PROCFILE
) -> ProcfileProcess:
    """Start the command of a process type."""
    return ProcfileProcess(line(name, procfile), env, log)

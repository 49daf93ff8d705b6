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
from typing import Self

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
    if name not in commands:
        raise KeyError(f"{procfile} has no line {name!r}; it has {', '.join(commands)}")
    return commands[name]


def with_our_python(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with this interpreter's programs first on PATH.

    Output is unbuffered, as with Heroku's buildpack.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    return {**env, "PATH": path, "PYTHONUNBUFFERED": "1"}


class ProcfileProcess:
    """A process type's running command, in a session of its own.

    `with` kills what is left of it at the end.
    """

    def __init__(self, command: str, env: Mapping[str, str], log_path: Path) -> None:
        self._log = log_path
        self._family: set[psutil.Process] = set()
        with log_path.open("ab") as output:
            self._process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=ROOT,
                env=with_our_python(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The PID of the first process, and its session id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the first process is still running."""
        return self._process.poll() is None

    def pids(self) -> list[int]:
        """Return the PIDs of all its live processes.

        These are the first one, those of its session, and children in other
        sessions; the latter stay known even if their parents end first.
        """
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.pid:
                    self._family |= {process, *process.children(recursive=True)}
            except (ProcessLookupError, PermissionError, psutil.Error):
                continue
        self._family = {one for one in self._family if _alive(one)}
        return sorted(one.pid for one in self._family)

    def terminate_like_heroku(self, timeout: float = 30.0) -> int:
        """Send SIGTERM to every process, SIGKILL to those left after `timeout`.

        Return the exit status of the first; negative if a signal ended it.
        """
        self._signal(signal.SIGTERM)
        end = time.monotonic() + timeout
        while (self.running or self.pids()) and time.monotonic() < end:
            time.sleep(0.02)
        self.kill()
        status: int = self._process.returncode
        return status

    def kill(self) -> None:
        """Send SIGKILL to every process, as when a dyno's host dies."""
        end = time.monotonic() + 10
        # A process may fork meanwhile; the next round kills its child.
        while self.pids() and time.monotonic() < end:
            self._signal(signal.SIGKILL)
            self._process.poll()
            time.sleep(0.005)
        self._process.wait(10)

    def pause(self) -> None:
        """Freeze every process (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume every process after `pause`."""
        self._signal(signal.SIGCONT)

    def log_text(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait_for_log(self, pattern: str, timeout: float = 20.0) -> str:
        """Wait until the log matches a pattern; return the match.

        Raises:
            TimeoutError: It did not within `timeout` seconds, or before the end.
        """
        end = time.monotonic() + timeout
        while True:
            # Checked first, so that output printed just before the end is found.
            over = not self.running or time.monotonic() > end
            if found := re.search(pattern, self.log_text()):
                return found[0]
            if over:
                raise TimeoutError(f"{pattern!r} not in the log:\n{self.log_text()}")
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_process(
    line_name: str,
    env: Mapping[str, str],
    log_path: Path,
    *,
    procfile: Path = PROCFILE,
) -> ProcfileProcess:
    """Start the command of a process type, with exactly this environment.

    Raises:
        KeyError: The Procfile has no such process type.
    """
    return ProcfileProcess(line(line_name, procfile), env, log_path)

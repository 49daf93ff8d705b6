"""A process of ours that is killed and restarted, like a dyno on Heroku."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from devtools.procfile import ProcfileProcess, line

#: What each process logs when it is ready.
READY = {"beat": r"beat: [Ss]tarting|beat\.starts", "worker": r"ready\."}
#: What takes its output through a pipe.
LOGGER = "cat"
#: Seconds until it must be ready, on a busy machine.
READY_SECONDS = 60.0
#: Seconds after SIGTERM until SIGKILL: those of Heroku.
STOP_SECONDS = 30.0


class Dyno:
    """A line of the Procfile, run by one process at a time."""

    def __init__(self, name: str, env: Mapping[str, str], folder: Path) -> None:
        self._name = name
        self._env = env
        self._folder = folder
        self._started = 0
        self.process: ProcfileProcess | None = None

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start it with its own log; `more` is added to its environment.

        Its output goes through a pipe, as on Heroku, so that a limit on its files does
        not silence it.
        """
        self._started += 1
        log = self._folder / f"{self._name}-{self._started:02d}.log"
        self.process = ProcfileProcess(
            f"{line(self._name)} 2>&1 | {LOGGER}", {**self._env, **(more or {})}, log
        )

    @property
    def running(self) -> ProcfileProcess:
        """The process that was started last.

        Raises:
            RuntimeError: It was never started.
        """
        if self.process is None:
            raise RuntimeError(f"{self._name} was never started")
        return self.process

    def wait_until_ready(self) -> None:
        """Wait until it is ready."""
        self.running.wait_for_log(READY[self._name], timeout=READY_SECONDS)

    def kill(self) -> None:
        """Kill it, as when its host dies."""
        self.running.kill()

    def stop(self) -> bool:
        """Stop it as Heroku does before a restart; return whether it ended by that."""
        begun = time.monotonic()
        self.running.terminate_like_heroku(STOP_SECONDS)
        return time.monotonic() - begun < STOP_SECONDS

    def freeze(self) -> None:
        """Suspend it."""
        self.running.pause()

    def thaw(self) -> None:
        """Resume it."""
        self.running.resume()

    def limit_files(self, size: int | None) -> None:
        """Limit the size of files that it may write; None for no limit."""
        for pid in self.running.pids():
            process = psutil.Process(pid)
            if process.name() == LOGGER:
                continue  # what it prints is looked through for secrets
            _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
            process.rlimit(psutil.RLIMIT_FSIZE, (hard if size is None else size, hard))

    @property
    def has_died(self) -> bool:
        """Whether it has exited; by itself, unless it was killed."""
        return self.process is not None and not self.process.running

    def log_tail(self) -> str:
        """Return the end of its log."""
        return self.process.log_text()[-500:] if self.process else ""

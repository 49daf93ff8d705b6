"""Run a real process for each dyno that the local Heroku reports."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterable

from devtools.logs import Logs
from devtools.parts import PartFailed, signal_all
from local_heroku.control import DynoView

#: Seconds from SIGTERM to SIGKILL, as on Heroku.
GRACE = 30.0
#: The states in which a dyno has a process.
RUNNING = ("starting", "up")

Process = subprocess.Popen[bytes]


class DynoRunner:
    """Starts a process per dyno; stops it with SIGTERM, after `grace` with SIGKILL."""

    def __init__(
        self,
        start: Callable[[DynoView], Process],
        logs: Logs,
        send: Callable[[Process, signal.Signals], None] = signal_all,
        grace: float = GRACE,
    ) -> None:
        self._start, self._logs, self._send, self._grace = start, logs, send, grace
        self._processes: dict[str, Process] = {}
        self._stopped_at: dict[str, float] = {}

    def follow(self, dynos: Iterable[DynoView], now: float) -> None:
        """Start and stop processes to match all dynos of the app.

        Raises:
            PartFailed: A dyno that should be running has exited.
        """
        wanted = {dyno.id: dyno for dyno in dynos if dyno.state in RUNNING}
        for dyno_id, dyno in wanted.items():
            if dyno_id not in self._processes:
                self._processes[dyno_id] = self._start(dyno)
        for dyno_id, process in list(self._processes.items()):
            if dyno_id not in wanted:
                self._stop(dyno_id, now)
            if process.poll() is not None:
                del self._processes[dyno_id]
                if dyno_id in wanted:
                    name = wanted[dyno_id].name
                    what = f"exited with status {process.returncode}"
                    raise PartFailed(f"dyno {name}", what, self._logs.dyno(name))

    def kill(self) -> None:
        """Kill all processes now."""
        for process in self._processes.values():
            self._send(process, signal.SIGKILL)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def _stop(self, dyno_id: str, now: float) -> None:
        stopped_at = self._stopped_at.get(dyno_id)
        if stopped_at is None:
            self._stopped_at[dyno_id] = now
            self._send(self._processes[dyno_id], signal.SIGTERM)
        elif now >= stopped_at + self._grace:
            self._send(self._processes[dyno_id], signal.SIGKILL)

"""Run the app's dynos: a real process for each dyno that Heroku says there is.

The local Heroku only keeps account of dynos. This does what a platform does:

    Heroku says            then here
    starting, up           a process runs the dyno's command
    stopping, or nothing   it gets SIGTERM, and 30 s later SIGKILL
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from demo.logs import Logs
from demo.parts import PATIENCE, PartFailed, launch, signal_all
from demo.shop import EXAMPLES
from local_heroku.control import DynoView

#: Seconds that a dyno has to end by itself, as on Heroku.
GRACE = 30.0
RUNNING = ("starting", "up")

Start = Callable[[DynoView], "subprocess.Popen[bytes]"]
Send = Callable[["subprocess.Popen[bytes]", signal.Signals], None]


@dataclass(slots=True)
class _Dyno:
    """A dyno's process.

    Attributes:
        stopped_at: When it got SIGTERM (seconds of the caller's clock); None
            while it is to run.
    """

    name: str
    process: subprocess.Popen[bytes]
    stopped_at: float | None = None


class DynoRunner:
    """Keeps one process for each dyno; `grace` is seconds from SIGTERM to SIGKILL."""

    def __init__(
        self,
        start: Start,
        logs: Logs,
        send: Send = signal_all,
        grace: float = GRACE,
    ) -> None:
        self._start = start
        self._logs = logs
        self._send = send
        self._grace = grace
        self._dynos: dict[str, _Dyno] = {}

    def follow(self, dynos: Iterable[DynoView], now: float) -> None:
        """Start and stop processes until they are as Heroku says.

        Args:
            dynos: All dynos of the app.
            now: The time in seconds, of a clock that never goes back.

        Raises:
            PartFailed: A dyno that is to run has ended by itself.
        """
        wanted = {dyno.id: dyno for dyno in dynos if dyno.state in RUNNING}
        for dyno_id, dyno in wanted.items():
            if dyno_id not in self._dynos:
                self._dynos[dyno_id] = _Dyno(dyno.name, self._start(dyno))
        for dyno_id, running in list(self._dynos.items()):
            if dyno_id not in wanted:
                self._stop(running, now)
            if running.process.poll() is not None:
                self._ended(running)
                del self._dynos[dyno_id]

    def kill(self) -> None:
        """End all processes at once."""
        for dyno in self._dynos.values():
            self._send(dyno.process, signal.SIGKILL)
        for dyno in self._dynos.values():
            dyno.process.wait(PATIENCE)
        self._dynos.clear()

    def _stop(self, dyno: _Dyno, now: float) -> None:
        if dyno.stopped_at is None:
            dyno.stopped_at = now
            self._send(dyno.process, signal.SIGTERM)
        elif now >= dyno.stopped_at + self._grace:
            self._send(dyno.process, signal.SIGKILL)

    def _ended(self, dyno: _Dyno) -> None:
        if dyno.stopped_at is None:
            what = f"ended by itself with status {dyno.process.returncode}"
            raise PartFailed(f"dyno {dyno.name}", what, self._logs.dyno(dyno.name))


def run_dynos(env: Mapping[str, str], logs: Logs) -> DynoRunner:
    """Return a runner of the app's real processes.

    Args:
        env: The app's environment; a dyno finds its own name in DYNO besides.
        logs: Where the dynos log.
    """

    def start(dyno: DynoView) -> subprocess.Popen[bytes]:
        own = {**env, "DYNO": dyno.name}
        return launch(dyno.command, own, logs.dyno(dyno.name), EXAMPLES)

    return DynoRunner(start, logs)

"""The platform: runs a process for each dyno, and records facts about it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping

from benchmarks.killed_jobs.facts import FILE, LIFE, FactFile, Kind
from devtools.dynos import GRACE, RUNNING, DynoRunner
from devtools.logs import Logs
from devtools.parts import launch, signal_all
from devtools.procfile import ROOT
from local_heroku.control import DynoView

_KINDS: Mapping[signal.Signals, Kind] = {
    signal.SIGTERM: "sigterm",
    signal.SIGKILL: "sigkill",
}


class Platform:
    """Runs the app's dynos; records their starts, signals and ends."""

    def __init__(
        self,
        env: Mapping[str, str],
        logs: Logs,
        facts: FactFile,
        grace: float = GRACE,
        delay: float = 0.0,
    ) -> None:
        """Run dynos with this environment.

        Args:
            env: The app's environment; DYNO with a dyno's name is added.
            logs: Where the dynos log.
            facts: Where to record what happens to them.
            grace: Seconds from SIGTERM to SIGKILL.
            delay: Seconds from a dyno's removal to SIGTERM; jobs may start meanwhile.
        """
        self._env = {**env, FILE: str(facts.path)}
        self._logs, self._facts = logs, facts
        self._delay = delay
        self._last_wanted: dict[str, tuple[DynoView, float]] = {}
        self._alive: dict[str, tuple[DynoView, subprocess.Popen[bytes]]] = {}
        self._signalled: set[tuple[str, signal.Signals]] = set()
        self._runner = DynoRunner(self._start, logs, self._send, grace)

    def follow(self, dynos: tuple[DynoView, ...], now: float) -> None:
        """Start and stop processes to match Heroku's dynos.

        Raises:
            PartFailed: A dyno that should be running has exited.
        """
        for dyno in dynos:
            if dyno.state in RUNNING:
                self._last_wanted[dyno.id] = dyno, now
        kept = {
            dyno.id: dyno
            for dyno, at in self._last_wanted.values()
            if now <= at + self._delay
        }
        self._runner.follow(kept.values(), now)
        self._note_the_gone()

    def kill(self) -> None:
        """End all processes at once."""
        self._runner.kill()
        self._note_the_gone()

    def running(self, process_type: str) -> int:
        """Count the processes, including those that are stopping."""
        return sum(dyno.type == process_type for dyno, _ in self._alive.values())

    def _start(self, dyno: DynoView) -> subprocess.Popen[bytes]:
        own = {**self._env, "DYNO": dyno.name, LIFE: dyno.id}
        process = launch(dyno.command, own, self._logs.dyno(dyno.name), ROOT)
        self._alive[dyno.id] = dyno, process
        self._facts.note("started", dyno=dyno.name, life=dyno.id)
        return process

    def _send(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        for dyno, known in self._alive.values():
            if known is process and (dyno.id, number) not in self._signalled:
                self._signalled.add((dyno.id, number))
                kind = _KINDS[number]
                self._facts.note(kind, dyno=dyno.name, life=dyno.id)
        signal_all(process, number)

    def _note_the_gone(self) -> None:
        for dyno, process in list(self._alive.values()):
            if process.poll() is not None:
                del self._alive[dyno.id]
                self._facts.note("gone", dyno=dyno.name, life=dyno.id)

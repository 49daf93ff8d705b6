"""A real `celery worker` that can be shut down, frozen and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.tests.situations.waiting import wait_until
from devtools.tether import start_tethered

ROOT = Path(__file__).parents[3]
#: Options that make these workers start faster.
START_FAST = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class Worker:
    """A worker's process and its children, in a process group of their own.

    It ends with the process that started it, even if that one is killed.
    """

    def __init__(
        self,
        dyno: str,
        options: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        *,
        starts_fast: bool = True,
    ) -> None:
        self._log = log
        command = [sys.executable, "-m", "celery"]
        command += ["-A", "agent.tests.situations.counted_app:app", "worker"]
        command += ["--loglevel=INFO", f"--hostname={dyno}@here"]
        command += [*(START_FAST if starts_fast else ()), *options]
        with log.open("wb") as output:
            self._process = start_tethered(
                command,
                cwd=ROOT,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, text: str) -> None:
        """Wait until its log contains a text.

        Raises:
            TimeoutError: The text did not appear in time.
            RuntimeError: The worker has ended; the message quotes its log.
        """

        def is_logged() -> bool:
            lines = self._log.read_text(errors="replace")
            if text not in lines and self._process.poll() is not None:
                raise RuntimeError(f"the worker has ended; its log: {lines[-2000:]}")
            return text in lines

        wait_until(is_logged, f"{text!r} in the worker's log")

    def begin_shutdown(self) -> None:
        """Start a warm shutdown (SIGTERM): finish its jobs, take no more, and end."""
        self._process.send_signal(signal.SIGTERM)
        self.wait_for("Warm shutdown")

    def wait_ended(self) -> None:
        """Wait until its process has ended."""
        wait_until(lambda: self._process.poll() is not None, "the worker has ended")

    def begin_soft_shutdown(self) -> None:
        """Start a soft shutdown, as Heroku does: SIGTERM to each of its processes."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self.wait_for("Initiating Soft Shutdown")

    def freeze(self) -> None:
        """Suspend it and its children (SIGSTOP)."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End it and its children at once (SIGKILL)."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

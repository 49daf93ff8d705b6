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
#: What these workers leave out, to be up sooner.
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class Worker:
    """A worker's process and all that it starts, in a group of their own.

    It ends with the process that started it, even a killed one.
    """

    def __init__(
        self, dyno: str, options: Sequence[str], env: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        command = [sys.executable, "-m", "celery"]
        command += ["-A", "agent.tests.situations.counted_app:app", "worker"]
        command += ["--loglevel=INFO", f"--hostname={dyno}@here", *QUIET, *options]
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
        """Wait until it has said this.

        Raises:
            TimeoutError: It did not say so in time.
            RuntimeError: It has ended; the message has its last words.
        """

        def has_said() -> bool:
            said = self._log.read_text(errors="replace")
            if text not in said and self._process.poll() is not None:
                raise RuntimeError(f"the worker has ended; it said: {said[-2000:]}")
            return text in said

        wait_until(has_said, f"the worker says {text!r}")

    def begin_shutdown(self) -> None:
        """Let it take no more work, and end when its jobs have ended (SIGTERM)."""
        self._process.send_signal(signal.SIGTERM)
        self.wait_for("Warm shutdown")

    def freeze(self) -> None:
        """Let it and its children hang (SIGSTOP)."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End it and its children at once (SIGKILL)."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

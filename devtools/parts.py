"""Start a part of the demo, wait for it, and report its failure."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from devtools.ending import Ending, Interrupted
from devtools.procfile import ROOT, with_our_python
from devtools.tether import start_tethered

#: Seconds a part may take to become ready, or a command to finish.
PATIENCE = 60


class PartFailed(Exception):
    """A part failed. The message quotes its log, which is about to be deleted."""

    def __init__(self, part: str, what: str, log: Path) -> None:
        last_lines = log.read_text(errors="replace").splitlines()[-15:]
        super().__init__("\n    ".join([f"{part} {what}; its log ends:", *last_lines]))


def launch(
    command: str, env: Mapping[str, str], log: Path, cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a shell command in its own session; on Linux it dies with us."""
    with log.open("ab") as output:
        return start_tethered(
            [shutil.which("bash") or "/bin/bash", "-c", f"exec {command}"],
            cwd=cwd,
            env=with_our_python(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal a process and its children, as Heroku does when it stops a dyno."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def wait_for(
    part: str, is_ready: Callable[[], bool], log: Path, ending: Ending
) -> None:
    """Wait until a part is ready; raise PartFailed if it takes too long."""
    end = time.monotonic() + PATIENCE
    while not is_ready():
        if ending.signal is not None:
            raise Interrupted
        if time.monotonic() > end:
            raise PartFailed(part, f"was not ready within {PATIENCE} s", log)
        time.sleep(0.05)


def run_to_end(
    part: str, command: str, env: Mapping[str, str], log: Path, ending: Ending
) -> str:
    """Run a command and return its output; raise PartFailed if it fails."""
    process = launch(command, env, log, ROOT)
    try:
        wait_for(part, lambda: process.poll() is not None, log, ending)
    finally:
        signal_all(process, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise PartFailed(part, f"exited with status {process.returncode}", log)
    return log.read_text(errors="replace").strip()

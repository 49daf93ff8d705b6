"""Run a program as a part of the demo, wait for it, and say how it failed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from demo.ending import SLICE, Ending
from devtools.procfile import ROOT, with_our_python
from devtools.tether import start_tethered

#: Seconds that a part has to get ready, or a command to end.
PATIENCE = 60.0
#: Lines of a log that are shown when its part has failed.
LAST_LINES = 15


class PartFailed(Exception):
    """A part of the demo does not do what it is there for.

    The text has the last lines of its log, because the log itself is removed
    with everything else.
    """

    def __init__(self, part: str, what: str, log: Path | None = None) -> None:
        text = f"{part} {what}"
        if log is not None and (said := last_lines(log)):
            text = f"{text}\nThe last lines of its log:\n{said}"
        super().__init__(text)


def last_lines(log: Path) -> str:
    """Return the end of a log, indented; empty if there is none."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def launch(
    command: str, env: Mapping[str, str], log: Path, cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a command line in a session of its own; it ends with this process."""
    bash = shutil.which("bash") or "/bin/bash"
    with log.open("ab") as output:
        return start_tethered(
            [bash, "-c", f"exec {command}"],
            cwd=cwd,
            env=with_our_python(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def signal_all(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and its children, as Heroku does to a dyno."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def wait_for(
    part: str, condition: Callable[[], bool], log: Path, ending: Ending
) -> None:
    """Wait until a part is ready.

    Raises:
        Interrupted: A signal asked for the end.
        PartFailed: It was not ready in time.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        ending.check()
        if time.monotonic() > end:
            raise PartFailed(part, f"was not ready within {PATIENCE:g} s", log)
        ending.wait(SLICE)


def run_to_end(
    part: str, command: str, env: Mapping[str, str], log: Path, ending: Ending
) -> str:
    """Run a command of the scaler to its end; return what it has printed.

    Raises:
        Interrupted: A signal asked for the end.
        PartFailed: It failed, or did not end in time.
    """
    process = launch(command, env, log, ROOT)
    try:
        wait_for(part, lambda: process.poll() is not None, log, ending)
    finally:
        signal_all(process, signal.SIGKILL)
        process.wait(PATIENCE)
    if process.returncode:
        raise PartFailed(part, f"ended with status {process.returncode}", log)
    return log.read_text(errors="replace").strip()

"""Leave nothing behind: no process, no folder, even if the demo is killed.

Every process that the demo starts finds the demo's folder in its environment,
and is known by that. A second process, the guard, holds the other end of a pipe
of the demo's: when that closes, the demo has ended, and the guard ends what is
left. Unlike `devtools.tether` this reaches what others start for the demo, the
processes of the Procfile for one, and works on systems other than Linux. Redis
alone is not reached: it overwrites its environment, and is tethered.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
#: The variable that holds the folder's path, in the environment of every part.
MARK = "SCALAR_DEMO_FOLDER"
#: Seconds for killed processes to be gone, and between two looks.
PATIENCE = 10.0
SLICE = 0.02


@contextmanager
def nothing_left_behind() -> Iterator[Path]:
    """Yield a temporary folder; afterwards remove it, and end what is marked by it.

    What is started meanwhile inherits the mark.
    """
    folder = Path(tempfile.mkdtemp(prefix="scalar-demo-"))
    os.environ[MARK] = str(folder)
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "demo.guard", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ):
            try:
                yield folder
            finally:
                # The guard is among what is ended: its work is done here.
                clear(folder)
    finally:
        del os.environ[MARK]


def clear(folder: Path) -> None:
    """End every other process that is marked by the folder, and remove it."""
    end = time.monotonic() + PATIENCE
    # They may start others while they are being ended.
    while (left := list(marked(folder))) and time.monotonic() < end:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(SLICE)
    shutil.rmtree(folder, ignore_errors=True)


def marked(folder: Path) -> Iterator[psutil.Process]:
    """Yield the other processes that are marked by the folder."""
    for process in psutil.process_iter():
        # A process may have ended meanwhile, or be somebody else's.
        with suppress(psutil.Error, OSError):
            is_marked = process.environ().get(MARK) == str(folder)
            if is_marked and process.pid != os.getpid():
                yield process


if __name__ == "__main__":
    sys.stdin.buffer.read()
    clear(Path(sys.argv[1]))

"""Commands that end with the process that starts them, even if it is killed.

Only Linux can guarantee this (`PR_SET_PDEATHSIG`, see prctl(2)). A small program
requests it and then execs the command under the same PID: a `preexec_fn` would run
Python code in a forked child, which is not safe in a process with threads. On other
systems the command runs without the guarantee.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def start_tethered(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command that is killed when this process ends, however it ends.

    Args:
        command: The program's absolute path, and its arguments.
        options: Further arguments of `subprocess.Popen`.
    """
    if sys.platform == "linux":
        python = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
        command = [*python, str(os.getpid()), *command]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, **options)

    return _starter().submit(start).result()


@cache
def _starter() -> ThreadPoolExecutor:
    """Return the thread that starts the commands.

    The kernel kills them when the *thread* that started them ends, so it must
    not be a thread of the caller's. This one lives as long as the process.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="tether")


def _become(parent: int, command: list[str]) -> None:
    # Without ctypes there is no guarantee, but the command still runs.
    with contextlib.suppress(ImportError):
        import ctypes  # noqa: PLC0415 - only this small program needs it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the parent ended before the command began")
    os.execv(command[0], command)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])

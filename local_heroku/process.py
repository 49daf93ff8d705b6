"""Run the local Heroku in a process of its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local_heroku.control import LocalHeroku

ROOT = Path(__file__).resolve().parent.parent
FIRST_LINE = "local heroku listening on "
START_SECONDS = 30
STOP_SECONDS = 10


@contextmanager
def start(
    *apps: str,
    token: str = "local-token",  # noqa: S107 (made up and public)
    host: str = "127.0.0.1",
    port: int = 0,
    boot_seconds: float = 2,
    stop_seconds: float = 1,
    pool: int = 4500,
    refill_per_minute: float = 75,
    seed: Path | None = None,
    log: Path | None = None,
) -> Iterator[LocalHeroku]:
    """Run a server for the duration of the `with` block.

    Args:
        apps: apps to start with, each with one web and one worker dyno.
        token: the API key of the default account.
        host: the address to listen on.
        port: the port; 0 picks a free one.
        boot_seconds: how long a dyno takes to start.
        stop_seconds: how long a dyno takes to stop.
        pool: the size of an account's rate limit pool.
        refill_per_minute: the requests a minute that the pool regains.
        seed: a JSON file of accounts and apps to start with.
        log: a file to append each request to, as a line of JSON.

    Raises:
        RuntimeError: the server did not start; it says why on stderr.
    """
    command = [sys.executable, "-m", "local_heroku"]
    options: dict[str, object] = {
        "host": host,
        "port": port,
        "token": token,
        "boot-seconds": boot_seconds,
        "stop-seconds": stop_seconds,
        "pool": pool,
        "refill-per-minute": refill_per_minute,
        "seed": seed,
        "log": log,
    }
    for name, value in options.items():
        if value is not None:
            command += [f"--{name}", str(value)]
    for app in apps:
        command += ["--app", app]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(  # noqa: S603 (our own module, no shell)
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        # Ctrl-C in a terminal goes to the caller, which then stops the server.
        start_new_session=True,
    ) as process:
        try:
            yield LocalHeroku(_read_url(process), token)
        finally:
            _stop(process)


def _read_url(process: subprocess.Popen[str]) -> str:
    """Return the URL in the first line of the output."""
    output = process.stdout
    line = _first_line(output) if output is not None else ""
    if not line.startswith(FIRST_LINE):
        raise RuntimeError(
            f"The local Heroku did not start within {START_SECONDS} s; "
            f"its first line was {line!r}"
        )
    return line.removeprefix(FIRST_LINE).strip()


def _first_line(output: IO[str]) -> str:
    ready, _, _ = select.select([output], [], [], START_SECONDS)
    return output.readline() if ready else ""


def _stop(process: subprocess.Popen[str]) -> None:
    """Terminate the server; kill it if that takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()

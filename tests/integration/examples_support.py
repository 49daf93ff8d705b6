"""Processes for the tests of the examples."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devtools.certificates import Certificate

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


class Process:
    """A child process in a group of its own, and what it has said."""

    def __init__(
        self, command: list[str], log: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def kill(self) -> None:
        """End it and its children with SIGKILL."""
        if self.alive:
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()


@contextmanager
def running(
    command: list[str], log: Path, env: Mapping[str, str], cwd: Path = EXAMPLES
) -> Iterator[Process]:
    """Run a Python module or file until the block ends."""
    process = Process([sys.executable, *command], log, env, cwd)
    try:
        yield process
    finally:
        process.kill()


@contextmanager
def behind_tls(port: int, certificate: Certificate) -> Iterator[int]:
    """Serve a plain TCP port over TLS; yields the port to connect to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    ready: queue.Queue[int] = queue.Queue()
    stop = threading.Event()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65536):
                writer.write(block)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve() -> None:
        async def pair(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, outer), copy(inner, writer))

        server = await asyncio.start_server(pair, "127.0.0.1", 0, ssl=context)
        ready.put(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(stop.wait)
        server.close()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield ready.get(timeout=5)
    finally:
        stop.set()
        thread.join()

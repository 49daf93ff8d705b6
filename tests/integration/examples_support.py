"""Celery apps, their workers and other processes for the tests of the examples."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from celery import Celery
from kombu import Exchange, Queue

from tests.support.certificates import Certificate
from tests.support.waiting import wait_until

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

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until the process has said this so many times."""

        def said() -> bool:
            assert self.alive, self.output
            return self.output.count(text) >= times

        wait_until(said, 20, f"{times} x {text!r}")

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


def make_app(url: str, *, prefix: str = "", acks_late: bool = True) -> Celery:
    """Return an app whose queues have other names than their routing keys."""
    made = Celery("counted", broker=url)
    made.conf.update(
        broker_transport_options={"global_keyprefix": prefix},
        task_acks_late=acks_late,
        task_ignore_result=True,
        task_default_queue="default",
        task_queues=[
            Queue("default"),
            Queue("mail"),
            Queue("reports", Exchange("papers"), routing_key="nightly"),
            Queue("alarms", Exchange("news", type="topic"), routing_key="alarm.#"),
        ],
        worker_prefetch_multiplier=4,
    )

    @made.task(name="wait", shared=False)
    def wait(seconds: float = 60) -> None:
        print("started")  # noqa: T201 - the tests read it in the worker's output
        time.sleep(seconds)

    return made


@contextmanager
def worker(app: Celery, log: Path, *options: str) -> Iterator[Process]:
    """Run a worker for an app like this one, which is up when the block begins."""
    conf = app.conf
    env = {
        "COUNTED_URL": conf.broker_url,
        "COUNTED_PREFIX": conf.broker_transport_options["global_keyprefix"],
        "COUNTED_ACKS_LATE": "yes" if conf.task_acks_late else "",
    }
    command = ["-m", "celery", "-A", "tests.integration.examples_support:worker_app"]
    command += ["worker", "--loglevel=INFO", *options]
    command += ["--without-gossip", "--without-mingle"]
    with running(command, log, env, cwd=ROOT) as process:
        process.wait_for(" ready.")
        yield process


#: What `celery -A` finds in the worker's process.
worker_app = make_app(
    os.environ.get("COUNTED_URL", "memory://"),
    prefix=os.environ.get("COUNTED_PREFIX", ""),
    acks_late=bool(os.environ.get("COUNTED_ACKS_LATE")),
)


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

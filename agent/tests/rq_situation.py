"""Real RQ workers on a real Redis, and conditions to wait for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Optional

import psutil
from redis import Redis
from rq import Queue, Worker

from devtools.tether import start_tethered
from scalar_agent.rq import RqJobs
from scalar_agent.work import Work

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


def hold(path: str) -> None:
    """A job that runs until a file exists."""
    while not Path(path).exists():
        time.sleep(0.01)


class DiesWithJobInHand(Worker):
    """A worker that is killed after it dequeues a job, before it records it."""

    def execute_job(self, *_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Situation:
    """A Redis with queues and workers, and a way to measure them."""

    def __init__(self, url: str, tmp_path: Path) -> None:
        self.url = url
        self.redis = Redis.from_url(url)
        self.release = tmp_path / "release"
        self._log = tmp_path / "workers.log"

    def queue(self, name: str) -> Queue:
        return Queue(name, connection=self.redis)

    def enqueue(self, name: str = "a", count: int = 1) -> None:
        for _ in range(count):
            self.queue(name).enqueue(hold, str(self.release))

    def work(self, *queues: str, connection: Optional[Redis] = None) -> Work:
        jobs = RqJobs(connection or self.redis, {"worker": queues or ("a",)})
        return jobs.measure()["worker"]

    @contextmanager
    def worker(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `rq worker`; kill it and its work horse at the end."""
        before = len(Worker.all(connection=self.redis))
        command = [sys.executable, "-m", "rq.cli", "worker", "-u", self.url, *arguments]
        with self._log.open("ab") as log:
            process = start_tethered(
                command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        try:
            if "--worker-class" not in arguments:
                self.wait(lambda: len(Worker.all(connection=self.redis)) > before)
            yield process
        finally:
            self.kill(process)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """SIGKILL to the worker and its work horse, as when a dyno is lost."""
        if process.poll() is None:
            # Stopped first, so that it forks no further work horse.
            process.send_signal(signal.SIGSTOP)
            horses = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            for horse in horses:
                horse.kill()
        process.wait(PATIENCE)

    def started(self, name: str = "a", count: int = 1) -> None:
        """Wait until this many jobs have been started."""
        jobs = self.queue(name).started_job_registry
        self.wait(lambda: len(jobs.get_job_ids(cleanup=False)) == count)
        self.wait(
            lambda: all(
                self.queue(name).fetch_job(one).get_status() == "started"
                for one in jobs.get_job_ids(cleanup=False)
            )
        )

    def forget_workers(self) -> None:
        """Let time pass as Redis sees it: the workers' keys have expired."""
        for worker in Worker.all(connection=self.redis):
            self.redis.delete(worker.key)

    def wait(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.02)

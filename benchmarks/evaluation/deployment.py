"""Beat and Celery workers as the Procfile starts them, over a fleet at rest."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.evaluation.fleet import Fleet
from devtools.procfile import ProcfileProcess, start_process
from devtools.redis_server import RedisServer
from local_heroku.control import LocalHeroku
from local_heroku.process import start as local_heroku
from scalar.adapters.sql import schema
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.url_box import UrlBox
from scalar.address import CountsAddress
from scalar.secret import Secret


@dataclass(frozen=True)
class Deployment:
    """What is running."""

    workers: list[ProcfileProcess]
    heroku: LocalHeroku
    fleet: Fleet

    def cpu(self) -> float:
        """Return the seconds of CPU that the workers have used."""
        times = [
            psutil.Process(pid).cpu_times() for w in self.workers for pid in w.pids()
        ]
        return sum(t.user + t.system for t in times)

    def wait_for_polls(self, polls: int, timeout: float) -> None:
        """Wait until the apps were asked so often, all together."""
        end = time.monotonic() + timeout
        while self.fleet.polls() < polls:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.fleet.polls()} of {polls} polls")
            time.sleep(0.05)


@contextmanager
def deployment(
    folder: Path,
    fleet: Fleet,
    redis: RedisServer,
    *,
    redis_url: str = "",
    period: int,
    workers: int = 1,
    ca: str = "",
) -> Iterator[Deployment]:
    """Register a fleet, and run beat and so many workers.

    The workers share the first CPU, and everything else the last one.
    """
    with ExitStack() as stack:
        heroku = stack.enter_context(local_heroku(boot_seconds=0, pool=10**9))
        database = f"sqlite:///{folder}/registry.sqlite3"
        engine = make_engine(database)
        schema.upgrade(engine)
        registry = SqlRegistry(engine, UrlBox(Secret("")))
        for number, url in enumerate(fleet.urls):
            name = f"app-{number}"
            heroku.create_app(name, {"worker": 1})
            registry.add(name, CountsAddress.parse(url), datetime.now(UTC))
        engine.dispose()
        env = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "REDIS_URL": redis_url or redis.url,
            "HEROKU_API_URL": heroku.url,
            "HEROKU_API_KEY": heroku.token,
            "SLEEP_PERIOD": str(period),
            "TLS_CA_FILE": ca,
            "FORMATION_TTL": "86400",
        }
        stack.enter_context(start_process("beat", env, folder / "beat.log"))
        started = [
            stack.enter_context(
                start_process("worker", env, folder / f"worker.{number}.log")
            )
            for number in range(workers)
        ]
        for worker in started:
            worker.wait_for_log(r"ready\.")
            for pid in worker.pids():
                psutil.Process(pid).cpu_affinity([min(os.sched_getaffinity(0))])
        yield Deployment(started, heroku, fleet)

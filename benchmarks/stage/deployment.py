"""Run lines of the Procfile for a fleet, with real servers and the local Heroku."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from redis import Redis
from sqlalchemy import insert

from benchmarks.stage.cpus import MEASURED, on
from benchmarks.stage.fleet import Fleet
from devtools.procfile import ProcfileProcess, line
from devtools.redis_server import RedisServer
from local_heroku.control import LocalHeroku
from local_heroku.process import start as local_heroku
from scalar.adapters.redis import memory_json
from scalar.adapters.redis.connection import PREFIX
from scalar.adapters.sql import schema
from scalar.adapters.sql.addresses import address_columns
from scalar.adapters.sql.engine import make_engine
from scalar.adapters.sql.secret_cipher import Owner, SecretCipher
from scalar.adapters.sql.tables import AppRow
from scalar.core.app_state import Memory
from scalar.core.counts_address import CountsAddress
from scalar.core.formation import ProcessType
from scalar.core.secret import Secret
from scalar.settings import Settings

SIZE = "Standard-1X"
#: A pool of Heroku API calls that never runs out.
ENDLESS = 10**9


@dataclass(frozen=True)
class Setup:
    """What to deploy.

    Attributes:
        lines: The Procfile's lines to run; the last ones are the workers.
        period: SLEEP_PERIOD, in seconds.
        database: URL of a database; a SQLite file if empty.
        redis_url: URL of Redis; the server's own if empty.
        pinned: Whether the workers get a CPU to themselves.
        settled: Whether every formation is known before the start.
        settings: Further settings.
        replaced: Texts in the workers' lines -> their replacements.
    """

    lines: tuple[str, ...] = ("beat", "worker")
    period: int = 10
    database: str = ""
    redis_url: str = ""
    pinned: bool = True
    settled: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, str] = field(default_factory=dict)

    def command(self, name: str) -> str:
        """Return what a line runs."""
        command = line(name)
        for old, new in self.replaced.items() if name != "beat" else ():
            command = command.replace(old, new)
        return command


@dataclass(frozen=True)
class Deployment:
    """A running deployment.

    Attributes:
        processes: In the order of the lines.
    """

    processes: list[ProcfileProcess]
    setup: Setup
    heroku: LocalHeroku
    fleet: Fleet
    redis: Any
    folder: Path

    def workers(self) -> list[ProcfileProcess]:
        """Return the processes that poll."""
        pairs = zip(self.setup.lines, self.processes, strict=True)
        return [process for name, process in pairs if name != "beat"]

    def cpu(self) -> float:
        """Return the seconds of CPU that the workers have used."""
        times = [psutil.Process(pid).cpu_times() for pid in _pids(self.workers())]
        return sum(t.user + t.system for t in times)

    def pss(self) -> float:
        """Return the PSS of all processes in MB; shared pages count in part."""
        pids = _pids(self.processes)
        return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1e6

    def private(self) -> float:
        """Return the memory that no other process shares (USS), in MB.

        Unlike the PSS, it does not change when other processes start or end.
        """
        pids = _pids(self.processes)
        return sum(psutil.Process(pid).memory_full_info().uss for pid in pids) / 1e6

    def descriptors(self) -> int:
        """Count the open files and connections of all processes."""
        return sum(psutil.Process(pid).num_fds() for pid in _pids(self.processes))

    def clients(self) -> list[dict[str, str]]:
        """Return the connections to Redis, except our own."""
        asking = str(self.redis.client_id())
        return [one for one in self.redis.client_list() if one["id"] != asking]

    def wait_for_polls(self, polls: int, timeout: float) -> None:
        """Wait until the apps have been polled this often, all together.

        Raises:
            TimeoutError: They were not, in time.
        """
        end = time.monotonic() + timeout
        while self.fleet.polls() < polls:
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{self.fleet.polls()} of {polls} polls; the worker's log ends:\n"
                    f"{self.workers()[0].log_text()[-2000:]}"
                )
            time.sleep(0.05)

    def wait_for_ticks(self, ticks: int) -> float:
        """Wait for more ticks; return when the last one was accepted.

        Raises:
            TimeoutError: They did not come in time.
        """
        end = time.monotonic() + self.setup.period * (ticks + 3)
        for _ in range(ticks):
            before = self._last_tick()
            while self._last_tick() == before:
                if time.monotonic() > end:
                    raise TimeoutError("no tick")
                time.sleep(0.02)
        return time.time()

    def _last_tick(self) -> str | None:
        last: str | None = self.redis.get(f"{PREFIX}tick:last")
        return last


def _pids(processes: list[ProcfileProcess]) -> list[int]:
    return [pid for process in processes for pid in process.pids()]


def environment(
    setup: Setup, heroku: LocalHeroku, redis: RedisServer, database: str
) -> dict[str, str]:
    """Return the complete environment of the processes."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database,
        "REDIS_URL": setup.redis_url or redis.url,
        "HEROKU_API_URL": heroku.url,
        "HEROKU_API_KEY": heroku.token,
        "SLEEP_PERIOD": str(setup.period),
        "FORMATION_TTL": "86400",
        **setup.settings,
    }


@contextmanager
def deployment(
    folder: Path, fleet: Fleet, redis: RedisServer, setup: Setup, pool: int = ENDLESS
) -> Iterator[Deployment]:
    """Register a fleet, and run what the setup names; stop it all at the end.

    Args:
        folder: Where everything logs.
        fleet: The apps.
        redis: The broker.
        setup: What to run, and how.
        pool: Heroku API calls that the account has.
    """
    database = setup.database or f"sqlite:///{folder}/registry.sqlite3"
    with ExitStack() as stack:
        heroku = stack.enter_context(_heroku(folder, len(fleet.urls), pool))
        register(database, fleet.urls)
        client = stack.enter_context(Redis.from_url(redis.url, decode_responses=True))
        if setup.settled:
            _settle(client, len(fleet.urls))
        env = environment(setup, heroku, redis, database)
        started = []
        for number, name in enumerate(setup.lines):
            measured = setup.pinned and name != "beat"
            with on(MEASURED) if measured else nullcontext():
                log = folder / f"{name}.{number}.log"
                process = ProcfileProcess(setup.command(name), env, log)
                started.append(stack.enter_context(process))
        for name, process in zip(setup.lines, started, strict=True):
            process.wait_for_log("beat.starts" if name == "beat" else r"ready\.")
        yield Deployment(started, setup, heroku, fleet, client, folder)


@contextmanager
def _heroku(folder: Path, apps: int, pool: int) -> Iterator[LocalHeroku]:
    row = {"type": "worker", "quantity": 1, "size": SIZE}
    seed = folder / "heroku.json"
    rows = [{"name": f"app-{number}", "formation": [row]} for number in range(apps)]
    seed.write_text(json.dumps({"apps": rows}))
    with local_heroku(boot_seconds=0, stop_seconds=0, pool=pool, seed=seed) as heroku:
        yield heroku


def register(database: str, urls: Sequence[str]) -> None:
    """Register all apps at once; the first one gets id 1."""
    settings = Settings.from_environ({"DATABASE_URL": database})
    engine = make_engine(settings.database_url.reveal())
    schema.upgrade(engine)
    cipher = SecretCipher(Secret(""))
    rows = [
        {
            "name": f"app-{number}",
            "revision": 1,
            "created_at": datetime.now(UTC),
            **address_columns(
                CountsAddress.parse(url), Owner(number + 1, f"app-{number}"), cipher
            ),
        }
        for number, url in enumerate(urls)
    ]
    with engine.begin() as connection:
        connection.execute(insert(AppRow), rows)
    engine.dispose()


def _settle(client: Any, apps: int) -> None:
    """Store every formation, as a worker does after reading it."""
    now = datetime.now(UTC)
    text = memory_json.dump(
        Memory(
            formation={"worker": ProcessType(1, SIZE)},
            read_at=now,
            reported=frozenset({"worker"}),
            since=now,
        )
    )
    client.mset({f"{PREFIX}app:{number + 1}": text for number in range(apps)})

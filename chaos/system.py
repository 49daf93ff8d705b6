"""Start everything that a run needs: our processes and all that they talk to."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import yaml

from chaos.database import Database
from chaos.dyno import Dyno
from chaos.fleet import FleetProcess
from chaos.history import Call
from chaos.rules import rule_of
from chaos.script import name_of
from devtools.postgres_server import PostgresServer, postgres_server
from devtools.procfile import ROOT
from devtools.redis_server import RedisServer, redis_server
from local_heroku.control import LocalHeroku, RequestView
from local_heroku.process import start as start_heroku

#: Seconds between two ticks.
PERIOD = 2
#: Apps that the worker polls at the same time.
CONCURRENCY = 12
#: Dynos of each process type at the start.
FIRST_DYNOS = 1
#: Calls that the account may make; the checker has its own, tighter budget.
POOL = 30_000
#: Short timeouts, so that a run of minutes sees many of them.
SETTINGS = {
    "SLEEP_PERIOD": str(PERIOD),
    "WORKER_CONCURRENCY": str(CONCURRENCY),
    "APP_CONNECT_TIMEOUT": "1",
    "APP_READ_TIMEOUT": "1.3",
    "APP_TOTAL_TIMEOUT": "1.6",
    # A failing app's backoff is shorter than the time in which polling must resume.
    "APP_BACKOFF_MAX": str(2 * PERIOD),
    "HEROKU_TIMEOUT": "2",
    "ALLOW_PRIVATE_ADDRESSES": "true",
    "LOG_LEVEL": "DEBUG",
}


@dataclass
class System:
    """The parts of a run.

    Attributes:
        folder: Where all logs are.
        names: The apps.
        env: The environment of our processes.
        sick: The current fault of each sick app.
    """

    folder: Path
    names: tuple[str, ...]
    env: Mapping[str, str]
    redis: RedisServer
    heroku: LocalHeroku
    fleet: FleetProcess
    database: Database
    postgres: PostgresServer | None
    worker: Dyno
    beat: Dyno
    sick: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.first_dynos: Mapping[str, Mapping[str, int]] = {}

    def run(self, *arguments: str) -> str:
        """Run one of our commands, and return what it prints.

        Raises:
            RuntimeError: It failed.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "cli.py", *arguments],
            cwd=ROOT,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def dynos(self) -> dict[str, dict[str, int]]:
        """Return the formation of every app."""
        apps = self.heroku.state()["apps"]
        return {
            app["name"]: {row["type"]: row["quantity"] for row in app["formation"]}
            for app in apps
        }

    def calls(self) -> tuple[Call, ...]:
        """Return all calls of the Heroku API so far."""
        return tuple(_call(seen) for seen in self.heroku.requests())

    def has_polled_since(self, at: float) -> bool:
        """Return whether every healthy app has been polled since a time."""
        newest_first = reversed(self.fleet.answers())
        late = takewhile(lambda answer: answer.at > at, newest_first)
        polled = {answer.app for answer in late}
        return set(self.names) <= polled | self.sick.keys()

    def make_sick(self, changes: Mapping[str, str | None]) -> None:
        """Make apps sick, or healthy again (None); the others stay as they are."""
        for app, kind in changes.items():
            if kind is None:
                self.sick.pop(app, None)
            else:
                self.sick[app] = kind
        self.fleet.make_sick(self.sick)


def _call(seen: RequestView) -> Call:
    updates = (seen.body or {}).get("updates", []) if seen.method == "PATCH" else []
    return Call(
        at=seen.at.timestamp(),
        method=seen.method,
        app=seen.app,
        status=seen.status,
        fault=seen.fault,
        updates={row["type"]: row["quantity"] for row in updates},
        path=seen.path,
    )


@contextmanager
def started(folder: Path, seed: int, apps: int, database: str) -> Iterator[System]:
    """Start everything, register a fleet of apps, and stop everything at the end.

    Args:
        folder: For logs and files; it is kept.
        seed: The seed of the fleet's script.
        apps: The number of apps.
        database: `sqlite` or `postgresql`.
    """
    names = tuple(name_of(number) for number in range(apps))
    with ExitStack() as stack:
        redis = stack.enter_context(
            redis_server(folder, config={"maxmemory-policy": "noeviction"})
        )
        heroku = stack.enter_context(
            start_heroku(boot_seconds=0, stop_seconds=0, pool=POOL)
        )
        postgres = None
        url = f"sqlite:///{folder}/registry.sqlite3"
        if database == "postgresql":
            postgres = stack.enter_context(postgres_server())
            url = postgres.create_database()
        fleet = stack.enter_context(FleetProcess(seed, folder / "fleet.jsonl"))
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": redis.url,
            "HEROKU_API_URL": heroku.url,
            "HEROKU_API_KEY": heroku.token,
            "SCALAR_SECRET_KEY": _key(seed),
            **SETTINGS,
        }
        inspected = Database(url)
        stack.callback(inspected.close)
        worker, beat = (Dyno(name, env, folder) for name in ("worker", "beat"))
        system = System(
            *(folder, names, env, redis, heroku, fleet),
            *(inspected, postgres, worker, beat),
        )
        _register(system)
        system.first_dynos = system.dynos()
        for dyno in (worker, beat):
            dyno.start()
            stack.callback(dyno.kill)
        for dyno in (worker, beat):
            dyno.wait_until_ready()
        yield system


def _key(seed: int) -> str:
    return base64.urlsafe_b64encode(
        hashlib.sha256(repr(seed).encode()).digest()
    ).decode()


def _register(system: System) -> None:
    """Create the apps on Heroku, and register them with their policies."""
    entries = {}
    for number, name in enumerate(system.names):
        rule = rule_of(number)
        system.heroku.create_app(name, dict.fromkeys(rule.process_types, FIRST_DYNOS))
        entries[name] = {
            "url": system.fleet.url(name),
            "policy": dict(rule.values()),
        }
    file = system.folder / "fleet.yaml"
    file.write_text(yaml.safe_dump({"apps": json.loads(json.dumps(entries))}))
    system.run("initialise-project")
    system.run("apply", str(file))

"""Start everything that a run needs: our processes and all that they talk to."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import requests
import yaml

from chaos.check_secrets import leaks, leaks_of_logs, spellings
from chaos.database import RENAMED, Database
from chaos.dyno import Dyno
from chaos.fleet import FleetProcess
from chaos.fleet_server import PASSWORD, USER
from chaos.history import HAND, Call
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
#: Seconds after which a change is made that got no answer.
LATE = 5.0
#: The name of the token that people use.
PERSON = "person"
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
    # What people change has to be noticed within a run.
    "FORMATION_TTL": "60",
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
        self.by_hand: list[Call] = []
        self.complaints: list[str] = []
        self.ids: dict[str, str] = {}

    def note_apps(self) -> None:
        """Take down which apps there are, by the ids that they keep."""
        self.ids = {app.id: app.name for app in self.heroku.apps()}
        self.first_dynos = self.dynos()

    def stop(self, name: str) -> None:
        """Stop a process with SIGTERM, and note if that was not enough."""
        dyno: Dyno = getattr(self, name)
        self.note_end(name, ended=dyno.stop())

    def note_end(self, name: str, *, ended: bool) -> None:
        """Note a process that SIGTERM did not end."""
        if not ended:
            self.complaints.append(f"{name} did not end after SIGTERM")

    def scale_by_hand(self, app: str, quantities: Mapping[str, int]) -> None:
        """Scale an app as a person does."""
        self.heroku.scale(app, quantities)
        at = time.time()
        self.by_hand.append(Call(at, HAND, app, 200, updates=dict(quantities)))

    def maintain(self, app: str, *, is_on: bool) -> None:
        """Turn the maintenance mode of an app on or off."""
        answer = requests.patch(
            f"{self.heroku.url}/apps/{app}",
            json={"maintenance": is_on},
            headers={
                "Accept": "application/vnd.heroku+json; version=3",
                "Authorization": f"Bearer {PERSON}",
            },
            timeout=10,
        )
        answer.raise_for_status()

    def rename(self, app: str) -> None:
        """Give an app another name, and its name to another app."""
        self.heroku.rename_app(app, f"{RENAMED}{app}")
        self.heroku.create_app(app, dict.fromkeys(self.first_dynos[app], 1))

    def rename_back(self, app: str) -> None:
        """Give an app its name again."""
        decoy = self.heroku.formation(app)
        if any(quantity != 1 for quantity in decoy.values()):
            self.complaints.append(f"{app}: another app of its name was scaled")
        self.heroku.delete_app(app)
        self.heroku.rename_app(f"{RENAMED}{app}", app)

    def secrets(self) -> Mapping[str, set[str]]:
        """Return every spelling of each secret, by what it is."""
        return {
            "password": spellings(PASSWORD, USER),
            "Heroku key": spellings(self.heroku.token),
            "secret key": spellings(self.env["SCALAR_SECRET_KEY"]),
        }

    def leaks(self) -> list[str]:
        """Return where a secret is in logs, in the journal and on the screen."""
        found = leaks_of_logs(self.folder, self.secrets())
        texts = {"journal": self.database.journal()}
        for command in ("list-apps", "events", "status", "export"):
            texts[command] = self.run(command, may_fail=True)
        for where, text in texts.items():
            found += leaks(where, text, self.secrets())
        return found

    def run(self, *arguments: str, may_fail: bool = False) -> str:
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
        if done.returncode and not may_fail:
            raise RuntimeError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if may_fail else "")

    def dynos(self) -> dict[str, dict[str, int]]:
        """Return the formation of every app."""
        apps = self.heroku.state()["apps"]
        return {
            self.ids[app["id"]]: {
                row["type"]: row["quantity"] for row in app["formation"]
            }
            for app in apps
            if app["id"] in self.ids
        }

    def calls(self) -> tuple[Call, ...]:
        """Return all calls of the Heroku API so far."""
        return tuple(
            self._call(seen) for seen in self.heroku.requests() if seen.token != PERSON
        )

    def _call(self, seen: RequestView) -> Call:
        updates = (seen.body or {}).get("updates", []) if seen.method == "PATCH" else []
        at = seen.at.timestamp()
        return Call(
            at=at,
            method=seen.method,
            app=next((self.ids.get(part) for part in seen.path.split("/")[2:3]), None)
            or seen.app,
            status=seen.status,
            fault=seen.fault,
            updates={row["type"]: row["quantity"] for row in updates},
            path=seen.path,
            applied_at=at + LATE if seen.fault == "apply_late" else None,
        )

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
        fleet = stack.enter_context(FleetProcess(seed, folder))
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": redis.url,
            "HEROKU_API_URL": heroku.url,
            "HEROKU_API_KEY": heroku.token,
            "SCALAR_SECRET_KEY": _key(seed),
            "TLS_CA_FILE": fleet.ca,
            **SETTINGS,
        }
        inspected = Database(url)
        stack.callback(inspected.close)
        worker, beat = (Dyno(name, env, folder) for name in ("worker", "beat"))
        system = System(
            *(folder, names, env, redis, heroku, fleet),
            *(inspected, postgres, worker, beat),
        )
        heroku.create_token(PERSON, PERSON)
        _register(system)
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
    system.note_apps()
    file = system.folder / "fleet.yaml"
    file.write_text(yaml.safe_dump({"apps": json.loads(json.dumps(entries))}))
    system.run("initialise-project")
    system.run("apply", str(file))

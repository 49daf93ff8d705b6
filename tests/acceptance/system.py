"""The whole system as deployed: processes of the Procfile and real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from redis import Redis

from devtools.procfile import ROOT, ProcfileProcess, start_process
from devtools.redis_server import RedisServer
from local_heroku.control import LocalHeroku
from scalar.adapters.redis.connection import PREFIX
from tests.support.cli import Cli
from tests.support.counts_app import CountsApp
from tests.support.waiting import PATIENCE, wait_until

#: Seconds between two ticks, the minimum.
PERIOD = 1


class System:
    """Our processes, one scaled app, and all that they talk to.

    Attributes:
        redis: The broker.
        heroku: The local Heroku.
        counts: The API of the scaled app.
        env: The environment of our processes.
        worker: The process that the test is about, if it has one.
    """

    worker: ProcfileProcess

    def __init__(  # noqa: PLR0917 - the parts of one system
        self,
        folder: Path,
        redis: RedisServer,
        heroku: LocalHeroku,
        counts: CountsApp,
        database_url: str,
        settings: Mapping[str, str],
    ) -> None:
        self.redis, self.heroku, self.counts = redis, heroku, counts
        self._folder = folder
        self._stack = ExitStack()
        self._started = 0
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis.url,
            "HEROKU_API_URL": heroku.url,
            "HEROKU_API_KEY": heroku.token,
            "SLEEP_PERIOD": str(PERIOD),
            # Without backoff, tests need not wait for a failing app to be polled again.
            "APP_BACKOFF_MAX": "0",
            "LOG_LEVEL": "DEBUG",
            **settings,
        }
        # Commands that only prepare or inspect a test run in this process.
        self._commands = Cli(self.env)

    def __enter__(self) -> Self:
        self._commands("initialise-project")
        return self

    def __exit__(self, *_: object) -> None:
        self.counts.release()
        self._stack.close()

    def start(self, *lines: str) -> list[ProcfileProcess]:
        """Start lines of the Procfile, and wait until they are ready."""
        new = []
        for name in lines:
            log = self._new_log(name)
            new.append(self._stack.enter_context(start_process(name, self.env, log)))
        for name, process in zip(lines, new, strict=True):
            process.wait_for_log("beat.starts" if name == "beat" else r"ready\.")
        return new

    def cli(self, *arguments: str, status: int = 0, typed: str = "") -> str:
        """Run one of our commands; return what it prints to stdout and stderr."""
        return str(self._commands(*arguments, status=status, typed=typed))

    def cli_process(self, *arguments: str, status: int = 0) -> str:
        """Run one of our commands as a process, as `doctor` needs: it asks workers."""
        return self._run("cli.py", *arguments, status=status)

    def celery(self, *arguments: str) -> str:
        """Run a command of Celery; return what it prints to stdout and stderr."""
        return self._run("-m", "celery", "--app", "scalar.tasks", *arguments)

    def _run(self, *arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        printed = done.stdout + done.stderr
        assert done.returncode == status, printed
        return printed

    def redis_connections(self) -> int:
        """Count the connections of our processes, except this one's."""
        with Redis.from_url(self.redis.url) as client:
            return len(client.client_list()) - 1

    def register(self, name: str, dynos: Mapping[str, int], url: str = "") -> None:
        """Create an app on Heroku, and register it with the scaler."""
        self.heroku.create_app(name, dict(dynos))
        self._commands("add-app", name, url or self.counts.url)

    def forget(self) -> None:
        """Remove all apps, and what is known of Heroku accounts."""
        for row in self._commands.data("list-apps"):
            self._commands("del-app", row["name"], "--yes")
        with Redis.from_url(self.redis.url) as client:
            for key in client.scan_iter(f"{PREFIX}account:*"):
                client.delete(key)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what the journal has of an app's dynos and holds, oldest first.

        What people have ordered is left out.
        """
        printed = self._commands("events", name, "--json").stdout
        found: list[dict[str, Any]] = json.loads(printed)
        kinds = {"scaled", "dry_run", "held", "resumed", "changed_elsewhere"}
        return [event for event in found[::-1] if event["kind"] in kinds]

    def dynos(self, name: str) -> dict[str, int]:
        """Return an app's formation."""
        return dict(self.heroku.formation(name))

    def patches(self, name: str) -> list[dict[str, int]]:
        """Return the quantities of each change that Heroku was sent."""
        return [
            {row["type"]: row["quantity"] for row in seen.body["updates"]}
            for seen in self.heroku.requests(method="PATCH", app=name)
        ]

    @property
    def polls(self) -> int:
        """The number of requests that the app's API has received."""
        return len(self.counts.requests)

    def wait_for_polls(self, more: int) -> None:
        """Wait until the app has been polled this many more times."""
        wanted = self.polls + more
        wait_until(
            lambda: self.polls >= wanted,
            timeout=more * PERIOD + PATIENCE,
            message=f"{more} polls; logs: {self.logs()[-3000:]}",
        )

    def wait_for_dynos(self, name: str, wanted: Mapping[str, int]) -> None:
        """Wait until the formation has these quantities."""
        wait_until(
            lambda: wanted.items() <= self.dynos(name).items(),
            message=f"{wanted}; logs: {self.logs()[-3000:]}",
        )

    def logs(self) -> str:
        """Return everything that our processes have printed."""
        files = sorted(self._folder.glob("*.log"))
        return "\n".join(file.read_text(errors="replace") for file in files)

    def all_of_redis(self) -> str:
        """Return every key and value that Redis has now, as text."""
        with Redis.from_url(self.redis.url) as client:
            keys = client.keys("*")
            return repr([(key, client.dump(key), _value(client, key)) for key in keys])

    def _new_log(self, name: str) -> Path:
        self._started += 1
        return self._folder / f"{self._started}-{name}.log"


def _value(client: Any, key: bytes) -> object:
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1),
    }
    kind = client.type(key)
    return read[kind](key) if kind in read else kind

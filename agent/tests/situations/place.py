"""Where a situation is set up: a broker, a folder and workers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis import Redis

from agent.tests.situations.counted_app import Settings, make_app
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.worker import Worker
from devtools.redis_server import RedisServer, redis_server

THREADS = ("--pool=threads", "--concurrency=2")
PREFORK = ("--pool=prefork", "--concurrency=2")
SOLO = ("--pool=solo",)
HOUR = 3600.0


class App:
    """An app at a place.

    Attributes:
        settings: How it is set up.
        celery: The Celery app, as the app's web process has it.
    """

    def __init__(self, place: Place, settings: Settings) -> None:
        self._place = place
        self.settings = settings
        self.celery = make_app(settings)

    def send(self, times: int = 1, task: str = "hold", **options: Any) -> float:
        """Send tasks; return the time before the first one.

        Uses its own connection: all apps of a broker share Celery's pool, which
        would outlive this app.
        """
        began = time.time()
        with self.celery.connection_for_write() as connection:
            for _ in range(times):
                self.celery.send_task(task, connection=connection, **options)
        return began

    def worker(self, *options: str, dyno: str = "worker.1", **settings: Any) -> Worker:
        """Start a worker, and wait until it takes tasks.

        Its settings are the app's, but for those that are given.
        """
        own = replace(self.settings, **settings)
        return self._place.start_worker(own, dyno, options)

    def wait_running(self, number: int) -> None:
        """Wait until this many tasks run."""
        folder = Path(self.settings.folder)
        wait_until(
            lambda: len(list(folder.glob("*.running"))) == number,
            f"{number} tasks run",
        )

    def wait_unacked(self, number: int) -> None:
        """Wait until Redis holds this many unacknowledged tasks."""
        key = self.settings.prefix + "unacked"
        with Redis.from_url(self.settings.url) as redis:
            wait_until(lambda: redis.hlen(key) == number, f"{number} in {key}")

    def wait_no_consumer(self) -> None:
        """Wait until no worker waits for tasks in this Redis."""
        with Redis.from_url(self.settings.url) as redis:
            wait_until(
                lambda: all(
                    "b" not in client["flags"] for client in redis.client_list()
                ),
                "no client of Redis is blocked",
            )


class Place:
    """A broker and a folder, and everything that was started there."""

    def __init__(
        self, url: str, folder: Path, stack: ExitStack, *, has_agent: bool
    ) -> None:
        self.url = url
        self._has_agent = has_agent
        self._folder = folder
        self._stack = stack
        self._made = 0

    def app(self, **settings: Any) -> App:
        """Make an app, on this place's broker if no other URL is given."""
        folder = self._folder / f"app-{self._number()}"
        folder.mkdir()
        here = {"url": self.url, "folder": str(folder), "has_agent": self._has_agent}
        made = Settings(**{**here, **settings})
        app = App(self, made)
        self._stack.callback(app.celery.close)
        return app

    def start_worker(
        self, settings: Settings, dyno: str, options: tuple[str, ...]
    ) -> Worker:
        """Start a worker, and wait until it takes tasks."""
        log = self._folder / f"worker-{self._number()}.log"
        worker = Worker(
            dyno,
            options,
            settings.environment,
            log,
            starts_fast=settings.starts_fast,
        )
        self._stack.callback(worker.kill)
        worker.wait_for(" ready.")
        return worker

    def at_the_end(self, clean_up: Callable[[], None]) -> None:
        """Call this when the situation is over, before its app is closed."""
        self._stack.callback(clean_up)

    def own_redis(self) -> RedisServer:
        """Start a separate Redis that may be stopped."""
        return self._stack.enter_context(redis_server())

    @contextmanager
    def no_listener_after(self) -> Iterator[None]:
        """After the block, wait until an app's only worker has stopped listening.

        Redis counts the pattern subscriptions of all its apps.
        """
        with Redis.from_url(self.url) as redis:
            before = redis.pubsub_numpat()
            yield
            wait_until(
                lambda: redis.pubsub_numpat() == before - 1,
                "a worker has stopped listening",
            )

    def _number(self) -> int:
        self._made += 1
        return self._made


@contextmanager
def place(url: str, *, has_agent: bool) -> Iterator[Place]:
    """Make a place on this broker; stop everything started there at the end.

    A Redis is flushed first. `has_agent` is the default for the apps.
    """
    if not url.startswith("amqp"):
        with Redis.from_url(url) as redis:
            redis.flushall()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield Place(url, Path(folder), stack, has_agent=has_agent)


def on_database(url: str, number: int) -> str:
    """Return the URL of another virtual database of the same Redis."""
    return url.rsplit("/", 1)[0] + f"/{number}"

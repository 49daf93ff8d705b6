"""A fresh system for each test, stopped afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devtools.redis_server import RedisServer, redis_server
from local_heroku.control import LocalHeroku
from tests.acceptance.system import System
from tests.support.counts_app import CountsApp


@pytest.fixture
def name() -> str:
    """An app's name that no other test uses."""
    return f"shop-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def start_shared(
    tmp_path_factory: pytest.TempPathFactory, heroku_server: LocalHeroku
) -> Iterator[Callable[..., System]]:
    """Start a system for all tests of a module; each of them has apps of its own."""
    with ExitStack() as stack:

        def start(database_url: str = "", **settings: str) -> System:
            folder = tmp_path_factory.mktemp("system")
            url = database_url or f"sqlite:///{folder}/registry.sqlite3"
            redis = stack.enter_context(redis_server())
            app = stack.enter_context(CountsApp())
            system = System(folder, redis, heroku_server, app, url, settings)
            stack.enter_context(system)
            system.worker = system.start("all-in-one")[0]
            return system

        yield start


@pytest.fixture
def borrow(
    heroku: LocalHeroku, counts_app: CountsApp
) -> Iterator[Callable[[System], System]]:
    """Let a test have a shared system; its apps leave it with the test."""
    borrowed: list[System] = []

    def borrow(system: System) -> System:
        borrowed.append(system)
        system.counts = counts_app
        return system

    yield borrow
    counts_app.release()
    for system in borrowed:
        system.forget()


@pytest.fixture
def make_system(
    tmp_path: Path, own_redis: RedisServer, heroku: LocalHeroku, counts_app: CountsApp
) -> Iterator[Callable[..., System]]:
    """Set a system up, given the URL of its database and settings."""
    with ExitStack() as stack:

        def make(database_url: str = "", **settings: str) -> System:
            url = database_url or f"sqlite:///{tmp_path}/registry.sqlite3"
            system = System(tmp_path, own_redis, heroku, counts_app, url, settings)
            return stack.enter_context(system)

        yield make

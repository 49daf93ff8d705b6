"""A fresh system for each test, stopped afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devtools.redis_server import RedisServer
from local_heroku.control import LocalHeroku
from tests.acceptance.system import System
from tests.support.counts_app import CountsApp


@pytest.fixture
def name() -> str:
    """An app's name that no other test uses."""
    return f"shop-{secrets.token_hex(4)}"


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

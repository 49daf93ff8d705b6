"""Real servers for the tests, started when they are first asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from redis import Redis

from devtools.postgres_server import PostgresServer, postgres_server
from devtools.redis_server import RedisServer, redis_server
from scalar.adapters.sql import schema
from scalar.adapters.sql.engine import make_engine
from scalar.settings import Settings
from tests.support.counts_app import CountsApp
from tests.support.environment import VARIABLES

pytest_plugins = ("local_heroku.testing",)


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment before tests, and what they test, are imported."""
    # How long an example takes says more of the machine than of the code.
    settings.register_profile("brief", deadline=None, max_examples=25)
    settings.register_profile("deep", deadline=None, max_examples=500)
    settings.load_profile(config.getoption("--hypothesis-profile") or "brief")
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in VARIABLES:
        patch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the caller's shell, or of another test, reach a test."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The Redis of all tests of this process."""
    with redis_server() as server:
        yield server


@pytest.fixture(name="redis", scope="session")
def _redis(shared_redis: RedisServer) -> RedisServer:
    """The same, under a shorter name."""
    return shared_redis


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """The URL of an empty Redis."""
    with Redis.from_url(shared_redis.url) as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may kill."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_server_factory() -> Iterator[Callable[..., RedisServer]]:
    """Start as many of a test's own; takes what `redis_server` takes."""
    with ExitStack() as servers:

        def start(**options: Any) -> RedisServer:
            return servers.enter_context(redis_server(**options))

        yield start


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL of all tests of this process."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(shared_postgres: PostgresServer) -> str:
    """The URL of an empty PostgreSQL database."""
    return shared_postgres.create_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/registry.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of either kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def sqlite_with_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that `ready_sqlite_url` copies: the migrations run once."""
    path = tmp_path_factory.mktemp("schema") / "registry.sqlite3"
    _give_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_with_schema(shared_postgres: PostgresServer) -> str:
    """The name of a database that `ready_postgres_url` copies."""
    name = "with_schema"
    _give_schema(shared_postgres.create_database(name))
    return name


def _give_schema(url: str) -> None:
    settings = Settings.from_environ({"DATABASE_URL": url})
    engine = make_engine(settings.database_url.reveal())
    schema.upgrade(engine)
    engine.dispose()


@pytest.fixture
def ready_sqlite_url(sqlite_url: str, sqlite_with_schema: Path, tmp_path: Path) -> str:
    """The URL of a SQLite file that has its schema."""
    shutil.copy(sqlite_with_schema, tmp_path)
    return sqlite_url


@pytest.fixture
def ready_postgres_url(
    shared_postgres: PostgresServer, postgres_with_schema: str
) -> str:
    """The URL of a PostgreSQL database that has its schema."""
    return shared_postgres.create_database(template=postgres_with_schema)


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database that has its schema, of either kind."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    url: str = request.getfixturevalue(f"ready_{kind}_url")
    return url


@pytest.fixture
def counts_app() -> Iterator[CountsApp]:
    """A scaled app's API."""
    with CountsApp() as app:
        yield app

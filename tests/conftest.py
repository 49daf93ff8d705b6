"""Real servers for the tests, started when they are first asked for."""

from __future__ import annotations

import pytest
import redis

from devtools.postgres_server import postgres_server
from devtools.redis_server import redis_server
from scalar.settings import SETTINGS
from tests.support.counts_app import CountsApp


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch):
    """Let no setting of the caller's shell reach a test."""
    others = ["REDIS_TLS_URL", "DYNO", "EXAMPLE_KEY_PREFIX", "SCALAR_TASKS_AUTH"]
    for name in [*(setting.name for setting in SETTINGS), *others]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared_redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_url(shared_redis):
    """The URL of an empty Redis."""
    client = redis.Redis.from_url(shared_redis.url)
    client.flushall()
    client.close()
    return shared_redis.url


@pytest.fixture
def own_redis():
    """A Redis that a test may kill."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def shared_postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(shared_postgres):
    """The URL of an empty PostgreSQL database."""
    return shared_postgres.create_database()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path}/registry.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return request.getfixturevalue(name)


@pytest.fixture
def counts_app():
    with CountsApp() as app:
        yield app

"""What the tests of the commands share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from local_heroku.control import LocalHeroku
from scalar import doctor, tasks
from tests.support.celery_app import CeleryApps
from tests.support.cli import Cli


@pytest.fixture(scope="module")
def heroku(heroku_server: LocalHeroku) -> LocalHeroku:
    """The local Heroku, reset once for each module; each test names its own app."""
    heroku_server.clear()
    return heroku_server


@pytest.fixture(scope="session")
def celery_apps() -> Iterator[CeleryApps]:
    """Celery, on whichever Redis."""
    apps = CeleryApps()
    yield apps
    apps.close()


@pytest.fixture
def hasty_doctor(
    monkeypatch: pytest.MonkeyPatch, celery_apps: CeleryApps, redis_url: str
) -> None:
    """Let `doctor` look for workers at the Redis of the test, and not for long."""
    monkeypatch.setattr(tasks, "app", celery_apps(redis_url))
    monkeypatch.setattr(doctor, "WORKER_PATIENCE", 0.1)


@pytest.fixture
def name() -> str:
    """The name of an app that no other test has."""
    return f"shop-{secrets.token_hex(4)}"


@pytest.fixture
def on_heroku(heroku: LocalHeroku, name: str) -> str:
    """The name of an app on Heroku, with one web and one worker dyno."""
    return heroku.create_app(name, {"web": 1, "worker": 1}).name


def _settings(database_url: str, redis_url: str, heroku: LocalHeroku) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "HEROKU_API_URL": heroku.url,
        "HEROKU_API_KEY": heroku.token,
        "COUNT_BOUNDARY": "10",
    }


@pytest.fixture
def new_cli(database_url: str, redis_url: str, heroku: LocalHeroku) -> Cli:
    """Commands on an empty database of either kind."""
    return Cli(_settings(database_url, redis_url, heroku))


@pytest.fixture
def each_cli(ready_database_url: str, redis_url: str, heroku: LocalHeroku) -> Cli:
    """Commands on a database of either kind that has its schema."""
    return Cli(_settings(ready_database_url, redis_url, heroku))


@pytest.fixture
def cli(ready_sqlite_url: str, redis_url: str, heroku: LocalHeroku) -> Cli:
    """Commands on a SQLite file that has its schema."""
    return Cli(_settings(ready_sqlite_url, redis_url, heroku))

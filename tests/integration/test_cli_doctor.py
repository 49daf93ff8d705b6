"""`doctor` on real servers: a system at work, and one without Redis or worker."""

from __future__ import annotations

import os
import re

import pytest
from redis import Redis

from devtools.procfile import start_process
from devtools.redis_server import redis_server
from scalar import tasks
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.server_facts import read_facts
from tests.support.cli import Cli
from tests.support.waiting import wait_until

ALL = [
    *("database", "encryption", "redis", "heroku key"),
    *("heroku calls", "held apps", "last tick", "workers"),
]


@pytest.fixture
def finding(cli, hasty_doctor):
    """Run `doctor` where no worker runs; return one of its findings."""

    def find(what, **settings):
        rows = cli.data("doctor", status=1, **settings)
        (row,) = (row for row in rows if row["what"] == what)
        return row["state"], row["text"]

    return find


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture(scope="module")
def healthy(tmp_path_factory, heroku, celery_apps):
    """Commands of a system at work: an app, beat and a worker."""
    folder = tmp_path_factory.mktemp("healthy")
    with redis_server() as redis, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "app", celery_apps(redis.url))
        cli = Cli(
            {
                "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite3",
                "REDIS_URL": redis.url,
                "HEROKU_API_URL": heroku.url,
                "HEROKU_API_KEY": heroku.token,
                "SLEEP_PERIOD": "1",
            }
        )
        cli.env["SCALAR_SECRET_KEY"] = cli("make-secret-key").stdout.strip()
        cli("initialise-project")
        heroku.create_app("healthy-app")
        cli("add-app", "healthy-app", "http://127.0.0.1:1/", "--no-check")
        env = {"PATH": os.environ["PATH"], **cli.env}
        with start_process("all-in-one", env, folder / "log") as process:
            process.wait_for_log(r"ready\.")
            wait_until(lambda: _ticked(redis.url), message="a tick")
            yield cli


def _ticked(url):
    with Redis.from_url(url) as client:
        return client.get("scalar:tick:last")


# a good world


def test_a_system_at_work_is_found_in_order(healthy):
    rows = healthy.data("doctor")
    assert [row["what"] for row in rows] == ALL
    states = {row["what"]: row["state"] for row in rows}
    assert states.pop("held apps") in {"ok", "warn"}  # nothing answers at its URL
    assert {*states.values()} == {"ok"}

    lines = healthy("doctor").stdout.splitlines()
    assert [line[6:21].strip() for line in lines] == ALL
    assert {line[:5].strip() for line in lines} <= {"ok", "warn"}
    assert "may read healthy-app" in lines[3]
    assert "celery@" in lines[7]


# bad ones


def test_a_redis_that_may_evict_is_recognised(redis_server_factory):
    config = {"maxmemory": "50mb", "maxmemory-policy": "allkeys-lru"}
    client = connect(redis_server_factory(config=config).url)
    facts = read_facts(client)
    client.close()

    assert facts.evicts
    assert facts.maxmemory_policy == "allkeys-lru"
    assert not facts.is_too_old
    assert facts.clients >= 1


def test_a_redis_that_takes_no_writes_is_found_so(redis_server_factory):
    config = {"maxmemory": "1", "maxmemory-policy": "noeviction"}
    client = connect(redis_server_factory(config=config).url)
    facts = read_facts(client)
    client.close()

    assert "maxmemory" in facts.refuses


def test_a_redis_that_is_away_fails_what_needs_it_and_nothing_else(
    cli, own_redis, celery_apps, hasty_doctor, monkeypatch
):
    app = celery_apps(own_redis.url)
    app.conf.broker_connection_timeout = 0.1  # of 4 s, to be tried again
    monkeypatch.setattr(tasks, "app", app)
    own_redis.kill()
    printed = cli("doctor", status=1, REDIS_URL=own_redis.url)

    states = {
        line[6:21].strip(): line[:5].strip() for line in printed.stdout.splitlines()
    }
    assert states == {
        **dict.fromkeys(ALL, "FAIL"),
        "database": "ok",
        "encryption": "warn",
        "heroku key": "ok",
    }
    assert "Traceback" not in str(printed)


# ticks and workers


def test_a_tick_that_is_late_is_told_of_with_its_age(finding, client):
    seconds, _ = client.time()
    client.set("scalar:tick:last", (seconds - 100) * 1000)

    state, text = finding("last tick")
    assert state == "FAIL"
    assert re.match("10[0-9] s ago, period 10 s", text)


def test_a_tick_within_three_periods_is_in_order(finding, client):
    seconds, _ = client.time()
    client.set("scalar:tick:last", (seconds - 100) * 1000)

    assert finding("last tick", SLEEP_PERIOD="60")[0] == "ok"


def test_without_a_worker_it_says_how_to_start_one(finding):
    state, text = finding("workers")

    assert state == "FAIL"
    assert "heroku ps:scale all-in-one=1, or worker=1" in text

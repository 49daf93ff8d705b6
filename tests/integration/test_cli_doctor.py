"""`doctor` in a good world, and in each of the bad ones."""

from __future__ import annotations

import os
import re

import pytest
from redis import Redis

from devtools.procfile import start_process
from devtools.redis_server import redis_server
from scalar import tasks
from scalar.adapters.sql import schema
from tests.support.cli import Cli
from tests.support.waiting import wait_until

ALL = [
    *("database", "encryption", "redis", "heroku key"),
    *("heroku calls", "last tick", "workers"),
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
    assert {row["state"] for row in rows} == {"ok"}


def test_each_finding_is_a_line_of_its_own(healthy):
    lines = healthy("doctor").stdout.splitlines()

    assert [line[6:21].strip() for line in lines] == ALL
    assert {line[:5].strip() for line in lines} == {"ok"}
    assert "may read healthy-app" in lines[3]
    assert "celery@" in lines[6]


def test_a_warning_alone_is_no_failure(healthy):
    rows = healthy.data("doctor", SCALAR_SECRET_KEY="", DYNO="run.1")

    assert {row["what"]: row["state"] for row in rows if row["state"] != "ok"} == {
        "database": "warn",
        "encryption": "warn",
    }


# the database


def test_a_database_without_its_schema_is_told_of(finding, tmp_path):
    empty = f"sqlite:///{tmp_path}/empty.sqlite3"

    state, text = finding("database", DATABASE_URL=empty)
    assert state == "FAIL"
    assert "python cli.py initialise-project" in text
    assert finding("heroku key", DATABASE_URL=empty)[0] == "ok"


def test_a_sqlite_file_on_a_dyno_is_warned_of(finding):
    state, text = finding("database", DYNO="run.1")

    assert state == "warn"
    assert "heroku addons:create heroku-postgresql" in text


def test_postgresql_on_a_dyno_is_in_order(cli, postgres_url, finding):
    cli("initialise-project", DATABASE_URL=postgres_url)

    assert finding("database", DATABASE_URL=postgres_url, DYNO="run.1") == (
        "ok",
        f"postgresql, schema version {schema.newest()}",
    )


# the encryption


def test_without_a_key_urls_are_plain_text_and_it_says_how_to_make_one(finding):
    state, text = finding("encryption")

    assert state == "warn"
    assert "make-secret-key" in text


def test_urls_that_were_there_before_the_key_are_counted(cli, finding):
    for name in ("shop", "blog"):
        cli("add-app", name, "https://shop.example/", "--no-check")
    key = cli("make-secret-key").stdout.strip()

    state, text = finding("encryption", SCALAR_SECRET_KEY=key)
    assert state == "warn"
    assert text.startswith("2 URLs")
    assert "encrypt-urls" in text
    cli("encrypt-urls", SCALAR_SECRET_KEY=key)
    assert finding("encryption", SCALAR_SECRET_KEY=key)[0] == "ok"


# Redis


def test_a_redis_that_may_forget_is_warned_of(
    finding, redis_server_factory, celery_apps
):
    config = {"maxmemory": "50mb", "maxmemory-policy": "allkeys-lru"}
    server = redis_server_factory(config=config)

    state, text = finding("redis", REDIS_URL=server.url)
    assert state == "warn"
    assert "allkeys-lru" in text
    assert "heroku redis:maxmemory --policy noeviction" in text


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


# Heroku


@pytest.mark.parametrize(
    ("scopes", "state"),
    [
        (("global",), "ok"),
        (("write",), "ok"),
        (("read", "write-protected"), "ok"),
        (("read",), "FAIL"),
        (("identity", "read-protected"), "FAIL"),
    ],
)
def test_a_key_that_may_not_scale_is_told_of(finding, heroku, name, scopes, state):
    heroku.create_token(name, f"token-{name}", scopes=scopes)

    found, text = finding("heroku key", HEROKU_API_KEY=f"token-{name}")
    assert found == state
    assert all(scope in text for scope in scopes)
    assert (state == "ok") != ("heroku authorizations:create -s write" in text)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        pytest.param("", "HEROKU_API_KEY is not set", id="none"),
        pytest.param("not-the-key", "Set HEROKU_API_KEY to a valid key", id="wrong"),
    ],
)
def test_a_key_that_heroku_refuses_is_told_of(finding, key, said):
    state, text = finding("heroku key", HEROKU_API_KEY=key)

    assert state == "FAIL"
    assert said in text
    assert "not-the-key" not in text


def test_an_app_that_the_key_may_not_see_is_named(cli, finding, name):
    cli("add-app", name, "https://shop.example/", "--no-check")

    state, text = finding("heroku key")
    assert state == "FAIL"
    assert name in text
    assert "404" in text


def test_a_heroku_that_is_away_is_told_of(finding, heroku):
    heroku.fail(500, path="/account", times=None)
    found = [finding(what) for what in ("heroku key", "heroku calls")]
    heroku.clear_faults()

    assert [state for state, _ in found] == ["FAIL", "FAIL"]
    assert all("Heroku answered 500" in text for _, text in found)


def test_few_calls_left_are_warned_of(finding, heroku):
    heroku.set_remaining(100)
    state, text = finding("heroku calls")
    heroku.set_remaining(4500)

    assert state == "warn"
    assert "below CALLS_RESERVE (500)" in text


def test_to_look_costs_one_call_at_most(cli, finding, heroku, on_heroku):
    cli("add-app", on_heroku, "https://shop.example/", "--no-check")
    before = heroku.cost()
    finding("heroku key")

    assert heroku.cost() - before == 1


# ticks and workers


def test_a_system_that_never_ticked_has_no_beat(finding):
    state, text = finding("last tick")

    assert state == "FAIL"
    assert "heroku ps:scale beat=1" in text


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
    assert "heroku ps:scale worker=1" in text

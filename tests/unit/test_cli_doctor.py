"""`doctor`: each check in a good world, and in each of the bad ones."""

from __future__ import annotations

import pytest

from scalar import doctor
from scalar.adapters.heroku.key_facts import KeyFacts
from scalar.adapters.inmemory.sql import MemorySchema
from scalar.adapters.redis.server_facts import RedisFacts
from scalar.core.errors import (
    CoordinationError,
    CountsUnavailable,
    Refused,
    RegistryError,
)
from scalar.core.reason import Reason
from scalar.core.secret import Secret

KEY = Secret("HRKU-hunter2-own")
SHARED = Secret("")


@pytest.fixture
def cli(cli, monkeypatch):
    """Commands on a world with a schema, where a worker answers."""
    monkeypatch.setattr(doctor, "_workers", lambda _tools: (doctor.OK, "celery@dyno"))
    cli("initialise-project")
    return cli


def finding(cli, what, **settings):
    """Return one finding; nothing has ticked in this world."""
    rows = cli.data("doctor", status=1, **settings)
    (row,) = (row for row in rows if row["what"] == what)
    return row["state"], row["text"]


# the database


def test_a_database_without_its_schema_is_a_failure(cli):
    cli.schema = MemorySchema()
    assert finding(cli, "database") == (
        "FAIL",
        "memory, schema version none, needs 2. Run: python cli.py initialise-project",
    )


@pytest.mark.parametrize(
    ("database", "dyno", "state"),
    [("sqlite", "run.1", "warn"), ("sqlite", "", "ok"), ("postgresql", "run.1", "ok")],
)
def test_a_sqlite_file_on_a_dyno_is_warned_of(cli, database, dyno, state):
    cli.schema.database = database
    settings = {"DYNO": dyno} if dyno else {}

    found, text = finding(cli, "database", **settings)
    assert found == state
    assert ("heroku addons:create heroku-postgresql" in text) == (state == "warn")


def test_a_database_that_is_away_fails_what_needs_it_and_nothing_else(cli, monkeypatch):
    def away(*_):
        raise RegistryError("the database is away")

    monkeypatch.setattr(cli.schema, "version", away)
    for name in (
        *("own_heroku_keys", "without_heroku_key", "page"),
        *("unreadable_apps", "unencrypted"),
    ):
        monkeypatch.setattr(cli.world.registry, name, away)

    assert finding(cli, "database") == ("FAIL", "the database is away")
    assert finding(cli, "encryption") == ("FAIL", "the database is away")
    assert finding(cli, "heroku key") == (
        "warn",
        (
            "accepted, scope global; what it may do is unknown, because the database "
            "cannot be asked for an app"
        ),
    )


def test_a_database_that_takes_no_writes_is_a_failure(cli):
    cli.schema.refuses = "the disk is full"

    assert finding(cli, "database") == (
        "FAIL",
        "memory, takes no writes: the disk is full",
    )


# the encryption


def test_a_secret_key_that_decrypts_nothing_is_a_failure(cli):
    for name in ("shop", "blog"):
        cli.world.add(name, worker=1)
    cli.world.registry.unreadable = {"shop", "blog"}

    state, text = finding(cli, "encryption")
    assert state == "FAIL"
    assert text.startswith("SCALAR_SECRET_KEY is unset. shop is not polled: ")
    assert text.endswith(". So are 1 more")
    assert "plain text" not in text
    cli.env["SCALAR_SECRET_KEY"] = cli("make-secret-key").stdout.strip()
    assert finding(cli, "encryption")[1].startswith("shop is not polled: ")


def test_without_a_key_it_says_how_to_make_one(cli):
    state, text = finding(cli, "encryption")

    assert state == "warn"
    assert "make-secret-key" in text


def test_urls_that_were_there_before_the_key_are_counted(cli):
    for name in ("shop", "blog"):
        cli("add-app", name, "https://shop.example/", "--no-check")
    cli.env["SCALAR_SECRET_KEY"] = cli("make-secret-key").stdout.strip()

    assert finding(cli, "encryption") == (
        "warn",
        "URLs in plain text: 2. Run: python cli.py encrypt-urls",
    )
    cli("encrypt-urls")
    assert finding(cli, "encryption") == ("ok", "registered URLs are encrypted")


# Redis


@pytest.mark.parametrize(
    ("facts", "state", "said"),
    [
        pytest.param(RedisFacts("7.2.4", 3), "ok", "Redis 7.2.4, 3 conn", id="fine"),
        pytest.param(RedisFacts("6.0.16", 3), "FAIL", "redis:upgrade", id="too old"),
        pytest.param(
            RedisFacts("7.2.4", 3, 50_000_000, "allkeys-lru"),
            *("warn", "maxmemory-policy is allkeys-lru, must be noeviction"),
            id="evicts",
        ),
        pytest.param(
            RedisFacts("7.2.4", 3, 0, "allkeys-lru"), "ok", "Redis", id="never full"
        ),
        pytest.param(
            RedisFacts("7.2.4", 3, refuses="Redis failed: OOM"),
            *("FAIL", "takes no writes: Redis failed: OOM"),
            id="takes no writes",
        ),
    ],
)
def test_a_redis_is_judged_by_its_version_and_its_memory(cli, facts, state, said):
    cli.redis = facts

    found, text = finding(cli, "redis")
    assert found == state
    assert said in text


# Heroku


@pytest.mark.parametrize(
    ("scope", "may_scale"),
    [
        ("", True),
        ("global", True),
        ("write", True),
        ("read,write-protected", True),
        ("read", False),
        ("identity read-protected", False),
    ],
)
def test_the_scopes_of_a_key_say_whether_it_may_scale(scope, may_scale):
    assert KeyFacts(4500, scope).may_scale is may_scale


def test_a_key_that_may_not_scale_is_a_failure(cli):
    cli.scopes = {SHARED: "identity read-protected"}

    state, text = finding(cli, "heroku key")
    assert state == "FAIL"
    assert "identity read-protected" in text
    assert "heroku authorizations:create -s write" in text


def test_without_apps_a_key_is_only_accepted(cli):
    assert finding(cli, "heroku key") == (
        "ok",
        "accepted, scope global, no app is registered to try it on",
    )


def test_a_key_that_heroku_refuses_is_a_failure_of_all_that_needs_it(cli):
    cli.world.platform.revoked = {SHARED}

    for what in ("heroku key", "heroku calls"):
        state, text = finding(cli, what)
        assert (state, "401" in text) == ("FAIL", True)


def test_an_app_that_the_key_may_not_see_is_named(cli):
    cli("add-app", "shop", "https://shop.example/", "--no-check")

    state, text = finding(cli, "heroku key")
    assert state == "FAIL"
    assert text.startswith("accepted, but may not read shop: ")


def test_a_key_is_tried_on_an_app_that_is_there(cli):
    cli("add-app", "ghost", "https://ghost.example/", "--no-check")
    cli.world.add("shop", worker=1)

    assert finding(cli, "heroku key") == (
        "ok",
        "accepted, scope global, may read shop",
    )


def hold(cli, error, name="shop"):
    """Let an app be held by an error of Heroku for six minutes."""
    cli.world.add(name, worker=1)
    cli.world.report({"worker": 40}, name)
    cli.world.poll(name)
    cli.world.platform.failures = [error] * 100
    cli.world.report({"worker": 4000}, name)
    for _ in range(7):
        cli.world.poll(name, 60)
    cli.world.platform.failures = []


def test_a_key_that_may_read_but_not_scale_is_a_failure(cli):
    words = "Heroku answered 403 forbidden: You do not have access"
    hold(cli, Refused(words, reason=Reason.FORBIDDEN, status=403))

    assert finding(cli, "heroku key") == (
        "FAIL",
        f"accepted, scope global, may read shop, but may not scale shop: {words}",
    )
    state, text = finding(cli, "held apps")
    assert (state, text) == ("FAIL", f"shop: forbidden for 6 min: {words}")


def test_another_keys_refusal_is_not_this_ones(cli):
    hold(cli, Refused("no", reason=Reason.FORBIDDEN, status=403))
    cli.world.add("blog", heroku_key=KEY)

    assert finding(cli, "own key")[0] == "ok"


def test_what_is_held_is_named_with_its_cause_and_its_age(cli):
    cli.world.add("blog", worker=1)
    cli.world.report({"worker": 1}, "blog")
    cli.world.poll("blog")
    assert finding(cli, "held apps") == ("ok", "none")
    cli.world.report(CountsUnavailable("HTTP 500"), "blog")
    cli.world.poll("blog")
    cli.world.poll("blog")

    assert finding(cli, "held apps") == (
        "warn",
        "blog: counts_unavailable for 10 s: HTTP 500",
    )


@pytest.mark.parametrize("name", [SHARED, KEY], ids=["shared", "own"])
def test_few_calls_left_are_warned_of(cli, name):
    cli.world.add("shop", heroku_key=name)
    cli.world.account.remaining = {name: 100}

    state, text = finding(cli, "own key" if name else "heroku calls")
    assert state == "warn"
    assert "100 calls left, below CALLS_RESERVE (500)" in text


def test_each_own_key_is_checked_once_with_its_first_app(cli):
    cli.world.add("blog")
    for name in ("shop", "zz-another"):
        cli.world.add(name, heroku_key=KEY)

    state, text = finding(cli, "own key")
    assert state == "ok"
    assert text.startswith("of shop and 1 more: accepted, scope global, may read shop,")
    assert text.endswith(", 4500 calls left this hour")
    assert finding(cli, "heroku key")[1].endswith("may read blog")


def test_a_revoked_own_key_is_a_failure_that_names_its_app(cli):
    cli.world.add("shop", heroku_key=KEY)
    cli.world.platform.revoked = {KEY}

    state, text = finding(cli, "own key")
    assert (state, text[:9]) == ("FAIL", "of shop: ")
    assert finding(cli, "heroku calls")[0] == "ok"


def test_an_own_key_that_may_not_see_its_app_is_a_failure(cli):
    cli("add-app", "shop", "https://x.example/", "--no-check", "--heroku-key", "own")

    state, text = finding(cli, "own key")
    assert state == "FAIL"
    assert text.startswith("of shop: accepted, but may not read shop")


def test_an_own_key_that_cannot_be_decrypted_is_a_failure(cli):
    cli.world.add("shop", heroku_key=KEY)
    cli.world.registry.unreadable = {"shop"}

    state, text = finding(cli, "own key")
    assert (state, "SCALAR_SECRET_KEY" in text) == ("FAIL", True)


def test_without_a_shared_key_every_app_needs_its_own(cli):
    cli.env["HEROKU_API_KEY"] = ""
    cli.world.add("shop", heroku_key=KEY)

    for what in ("heroku key", "heroku calls"):
        assert finding(cli, what) == (
            "ok",
            "not set, and not needed: every app has a key of its own",
        )
    cli.world.add("blog")
    cli.world.platform.revoked = {SHARED}
    for what in ("heroku key", "heroku calls"):
        assert finding(cli, what)[0] == "FAIL"


def test_without_a_shared_key_and_without_apps_a_key_is_needed(cli):
    cli.env["HEROKU_API_KEY"] = ""
    cli.world.platform.revoked = {SHARED}

    assert finding(cli, "heroku key")[0] == "FAIL"


# ticks, and all of it


def test_a_system_that_never_ticked_has_no_beat(cli):
    state, text = finding(cli, "last tick")

    assert state == "FAIL"
    assert "heroku ps:scale all-in-one=1, or beat=1 worker=1" in text


@pytest.mark.parametrize(
    ("runs_as", "advice"),
    [("all-in-one", "heroku ps:scale all-in-one=1"), ("worker", "beat=1 worker=1")],
)
def test_the_advice_fits_the_deployment(cli, runs_as, advice):
    cli.world.coordinator.runs_as = runs_as

    assert finding(cli, "last tick")[1].endswith(advice)


def test_redis_that_is_away_fails_what_needs_it_and_nothing_else(cli, monkeypatch):
    def away(*_):
        raise CoordinationError("Redis is away")

    monkeypatch.setattr("tests.unit.world_cli.WorldTools.redis_facts", away)

    assert finding(cli, "redis") == ("FAIL", "Redis is away")
    assert finding(cli, "heroku key")[0] == "ok"


@pytest.mark.usefixtures("ticks")
def test_a_warning_alone_is_no_failure(cli):
    rows = cli.data("doctor")

    assert {row["what"]: row["state"] for row in rows if row["state"] != "ok"} == {
        "encryption": "warn"
    }


@pytest.mark.usefixtures("ticks")
def test_each_finding_is_a_line_of_its_own(cli):
    lines = cli("doctor").stdout.splitlines()

    assert lines[0] == "ok    database        memory, schema version 2"
    assert lines[1].startswith("warn  encryption      URLs, tokens and Heroku keys")
    assert lines[-1] == "ok    workers         celery@dyno"
    assert len(lines) == 8


@pytest.fixture
def ticks(cli):
    """Let the system have ticked a moment ago."""
    cli.world.tick()

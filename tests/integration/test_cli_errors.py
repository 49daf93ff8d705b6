"""What a command says when the database or Redis is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Cli

NOBODY = "redis://:hunter2@127.0.0.1:1/0"
#: Every command that needs the database, with whatever else it needs.
COMMANDS = [
    ("add-app", "shop", "https://shop.example/", "--no-check"),
    ("move-app", "shop", "https://shop.example/", "--no-check"),
    ("set-heroku-key", "shop", "key", "--no-check"),
    ("unset-heroku-key", "shop"),
    ("del-app", "shop", "--yes"),
    ("list-apps",),
    ("show-app", "shop"),
    ("check-app", "shop"),
    ("poll", "shop"),
    ("poll", "--all"),
    ("events",),
    ("events", "shop", "--json"),
    ("export",),
    ("pause-app", "shop"),
    ("resume-app", "shop"),
    ("unset-policy", "shop", "--value", "max"),
    ("set-policy", "shop", "--max", "5"),
    ("encrypt-urls",),
]
KEY = {"SCALAR_SECRET_KEY": "A" * 43 + "="}


def the_line(printed):
    """Return the one line that it is, on standard error."""
    (line,) = printed.stderr.splitlines()
    assert printed.stdout == ""
    assert line.startswith("Error: ")
    return line


def test_without_a_schema_every_command_says_how_to_make_it(sqlite_url, redis_url):
    cli = Cli({"DATABASE_URL": sqlite_url, "REDIS_URL": redis_url, **KEY})

    for command in COMMANDS:
        line = the_line(cli(*command, status=1))
        assert "schema is missing or old" in line
        assert "python cli.py initialise-project" in line


def test_a_database_that_is_away_is_one_line_without_its_password(redis_url):
    url = "postgres://user:hunter2@127.0.0.1:1/scalar"
    cli = Cli({"DATABASE_URL": url, "REDIS_URL": redis_url, **KEY})

    for command in (*COMMANDS, ("initialise-project",)):
        line = the_line(cli(*command, status=1))
        assert "127.0.0.1" in line
        assert "hunter2" not in line


@pytest.mark.parametrize("command", [("list-apps",), ("initialise-project",)])
def test_a_folder_that_is_not_there_is_one_line(cli, command, tmp_path):
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/file"

    assert "unable to open" in the_line(cli(*command, status=1, DATABASE_URL=nowhere))


@pytest.mark.parametrize("command", [("list-apps",), ("initialise-project",)])
def test_a_file_that_is_no_database_is_one_line(cli, command, tmp_path):
    Path(tmp_path, "text").write_text("not a database, but long enough " * 100)
    url = f"sqlite:///{tmp_path}/text"

    assert "not a database" in the_line(cli(*command, status=1, DATABASE_URL=url))


def test_a_postgresql_database_that_does_not_exist_is_not_taken_for_an_empty_one(
    cli, postgres_url
):
    other = postgres_url.replace("test_", "none_")
    line = the_line(cli("list-apps", status=1, DATABASE_URL=other))

    assert "none_" in line
    assert "initialise-project" not in line


@pytest.fixture
def without_redis(cli, heroku, on_heroku, counts_app):
    """Commands with an app, and with a Redis that is not there."""
    counts_app.answer({"worker": 25})
    cli("add-app", on_heroku, counts_app.url)
    cli.env["REDIS_URL"] = NOBODY
    return cli


@pytest.mark.parametrize("command", ["check-app", "poll"])
def test_without_redis_nothing_is_evaluated_and_it_says_why(
    without_redis, heroku, on_heroku, command
):
    printed = without_redis(command, on_heroku, status=1)

    (line,) = printed.stderr.splitlines()
    assert "Redis" in line
    assert "127.0.0.1:1" in line
    assert "hunter2" not in str(printed)
    assert heroku.requests(method="PATCH", app=on_heroku) == []


def test_without_redis_apps_are_shown_and_removed(without_redis, on_heroku):
    printed = without_redis("list-apps")
    assert on_heroku in printed.stdout
    (line,) = printed.stderr.splitlines()
    assert line.startswith("Note: the state is unknown: Redis")
    assert not line.endswith("..")

    printed = without_redis("del-app", on_heroku, "--yes")
    assert printed.stdout == f"Removed {on_heroku}\n"
    (line,) = printed.stderr.splitlines()
    assert line.startswith("Note: Redis")
    assert ".." not in line


def test_without_redis_an_app_is_added_and_events_are_read(without_redis, counts_app):
    without_redis("add-app", "other-app", counts_app.url, "--no-check")

    (event, *_) = without_redis.data("events")
    assert (event["app"], event["kind"]) == ("other-app", "registered")

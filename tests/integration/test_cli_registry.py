"""The registry as its users see it: the schema, list, show and remove."""

from __future__ import annotations

import shutil

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from scalar.adapters.sql import schema
from scalar.settings import Settings

URL = "https://shop.example/counts"
NEXT_MIGRATION = '''
"""Something that a later version needs."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "NEWEST"


def upgrade():
    op.add_column("apps", sa.Column("colour", sa.Text(), nullable=True))
'''


def execute(cli, statement):
    """Do something to the database behind the program's back."""
    settings = Settings.from_environ(cli.env)
    engine = create_engine(settings.database_url.reveal())
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def add(cli, *names, url=URL):
    for name in names:
        cli("add-app", name, url, "--no-check")


@pytest.fixture
def app(cli, heroku, name, counts_app):
    """Put an app on Heroku and register it; return its name."""

    def make(**dynos):
        heroku.create_app(name, dynos or None)
        add(cli, name, url=counts_app.url)
        return name

    return make


def listed(cli):
    return {row["name"]: row["state"] for row in cli.data("list-apps")}


def test_the_schema_is_made_once_and_then_found_up_to_date(new_cli):
    newest = schema.newest()

    said = new_cli("initialise-project").stdout
    assert said == f"Created the schema: version {newest}\n"
    assert f"up to date: version {newest}" in new_cli("initialise-project").stdout
    assert listed(new_cli) == {}


def test_a_schema_of_an_older_program_is_upgraded_with_what_it_holds(
    each_cli, tmp_path, monkeypatch
):
    add(each_cli, "shop")
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    newest = schema.newest()
    migration = NEXT_MIGRATION.replace("NEWEST", newest)
    (folder / "versions" / "next.py").write_text(migration)
    monkeypatch.setattr(schema, "MIGRATIONS", folder)

    said = each_cli("initialise-project").stdout
    assert said == f"Upgraded the schema: version {newest} -> next\n"
    assert "up to date: version next" in each_cli("initialise-project").stdout
    assert listed(each_cli).keys() == {"shop"}


def test_a_schema_of_a_newer_program_is_refused_in_clear_words(each_cli):
    execute(each_cli, "UPDATE alembic_version SET version_num = '9999'")

    said = each_cli("initialise-project", status=1).stderr
    assert "schema version 9999" in said
    assert "Deploy the newer version again" in said
    assert len(said.splitlines()) == 1


def test_without_apps_the_list_is_empty_and_says_how_to_add_one(cli):
    printed = cli("list-apps")

    assert printed.stdout == ""
    assert "add-app" in printed.stderr
    assert cli.data("list-apps") == []


def test_apps_are_listed_by_name(each_cli):
    add(each_cli, "shop", "blog", "mail")

    assert [line.split()[0] for line in each_cli("list-apps").stdout.splitlines()] == [
        "NAME",
        "blog",
        "mail",
        "shop",
    ]
    assert list(listed(each_cli)) == ["blog", "mail", "shop"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param({"worker": 1}, "ok", id="in order"),
        pytest.param(b"<html>", "held: counts_malformed since", id="no counts"),
        pytest.param(
            {"worker": None, "wroker": 1, "web": 1},
            "held in part: worker (count_null), wroker (not_in_formation)",
            id="in part",
        ),
    ],
)
def test_the_state_of_an_app_is_that_of_its_last_evaluation(
    cli, app, counts_app, answer, state
):
    name = app()
    assert listed(cli) == {name: "not evaluated yet"}
    counts_app.answer(answer)
    cli("poll", name, status=int(answer == b"<html>"))

    assert listed(cli)[name].startswith(state)
    assert cli.data("show-app", name)["state"] == listed(cli)[name]
    assert state in cli("list-apps").stdout


def test_an_app_is_shown_with_its_dynos_and_what_holds_them(
    cli, heroku, name, counts_app
):
    heroku.create_app(name, {"worker": 3, "web": 1}, size="Standard-2X")
    add(cli, name, url=counts_app.url)
    counts_app.answer({"worker": "many"})
    cli("poll", name)
    cli("poll", name)

    shown = cli.data("show-app", name)
    assert shown["formation"]["worker"] == {
        "quantity": 3,
        "size": "Standard-2X",
        "limit": None,
    }
    (hold,) = shown["holds"]
    assert (hold["process_type"], hold["reason"], hold["times"]) == (
        "worker",
        "count_invalid",
        2,
    )
    said = cli("show-app", name).stdout
    assert "worker: 3 Standard-2X" in said
    assert "count_invalid, 2 times since" in said


def test_an_app_that_never_answered_is_shown_with_the_reason(cli, app, counts_app):
    name = app()
    counts_app.answer("", status=503)
    cli("poll", name, status=1)

    said = cli("show-app", name).stdout
    assert "not read yet" in said
    assert "HTTP 503" in said


@pytest.mark.parametrize("command", ["show-app", "check-app", "poll", "events"])
def test_an_app_that_is_not_registered_is_named_with_the_way_to_add_it(cli, command):
    said = cli(command, "shop", status=1).stderr

    assert said.count("\n") <= 2
    assert 'App "shop" is not registered. Add it with: python cli.py add-app' in said


def test_a_removed_app_is_gone_and_its_dynos_and_events_stay(
    each_cli, heroku, name, counts_app
):
    heroku.create_app(name, {"worker": 1})
    add(each_cli, name, "other-app", url=counts_app.url)
    counts_app.answer({"worker": 25})
    each_cli("poll", name)

    assert each_cli("del-app", name, "--yes").stdout == f"Removed {name}\n"
    assert listed(each_cli).keys() == {"other-app"}
    assert heroku.formation(name) == {"worker": 3}
    assert len(each_cli.data("events", name)) == 1


def test_nothing_is_remembered_of_a_removed_app(cli, app, counts_app, redis_url):
    name = app()
    counts_app.behave("reset")
    cli("poll", name, status=1)
    with Redis.from_url(redis_url, decode_responses=True) as client:
        assert {"scalar:app:1", "scalar:slow"} <= set(client.keys())
        cli("del-app", name, "--yes")

        assert set(client.keys()) <= {"scalar:account", "scalar:evaluated"}


def test_an_app_that_is_added_again_begins_anew(cli, app, counts_app):
    name = app()
    counts_app.answer("", status=503)
    cli("poll", name, status=1)
    cli("del-app", name, "--yes")
    add(cli, name)

    assert listed(cli) == {name: "not evaluated yet"}


def test_an_app_that_is_not_registered_cannot_be_removed(cli):
    assert (
        '"shop" is not registered' in cli("del-app", "shop", "--yes", status=1).stderr
    )


@pytest.mark.parametrize("typed", ["", "y\n"], ids=["nothing", "a piped yes"])
def test_without_a_terminal_nothing_is_removed_unless_it_is_said_so(cli, typed):
    add(cli, "shop")

    assert "--yes" in cli("del-app", "shop", typed=typed, status=2).stderr
    assert listed(cli).keys() == {"shop"}

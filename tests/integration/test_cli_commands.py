"""Each command on real servers: a happy path and an error; the rest is on twins."""

from __future__ import annotations

import pytest
import yaml
from redis import Redis
from sqlalchemy import create_engine, text

from scalar.adapters.sql import schema
from scalar.settings import Settings

BERLIN = "Europe/Berlin: mon-fri 08:00-18:00 min=2; sat,sun 00:00-24:00 max=1"


def execute(cli, statement):
    """Do something to the database behind the program's back."""
    settings = Settings.from_environ(cli.env)
    engine = create_engine(settings.database_url.reveal())
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def listed(cli):
    return {row["name"]: row["state"] for row in cli.data("list-apps")}


def policy(cli, process_type):
    """Return a policy's values with their origins, as `show-app` has them."""
    shown = cli.data("show-app", "shop")["policies"][process_type]
    return {
        name: (value["value"], value["from"]) for name, value in shown["values"].items()
    }


# the schema


def test_the_schema_is_made_once_and_then_found_up_to_date(new_cli):
    newest = schema.newest()

    said = new_cli("initialise-project").stdout
    assert said == f"Created the schema: version {newest}\n"
    assert f"up to date: version {newest}" in new_cli("initialise-project").stdout
    assert listed(new_cli) == {}


def test_a_schema_of_a_newer_program_is_refused_in_clear_words(cli):
    execute(cli, "UPDATE alembic_version SET version_num = '9999'")

    said = cli("initialise-project", status=1).stderr
    assert "schema version 9999" in said
    assert "Deploy the newer version again" in said
    assert len(said.splitlines()) == 1


# apps and their evaluations


def test_an_app_is_added_evaluated_shown_and_removed(
    each_cli, heroku, name, counts_app, redis_url
):
    heroku.create_app(name, {"web": 1, "worker": 1}, size="Standard-2X")
    counts_app.answer({"worker": 25})

    added = each_cli("add-app", name, counts_app.url)
    assert added.stdout == (
        f"Registered {name}: {counts_app.url}\nFound: worker 25, in the plain format\n"
    )
    assert listed(each_cli) == {name: "not evaluated yet"}
    assert each_cli("check-app", name).stdout == (
        f"{name} worker: 1 -> 3\n"
        "  recommended               3   count 25 / boundary 10\n"
    )
    assert heroku.formation(name) == {"web": 1, "worker": 1}
    assert f"{name} worker: 1 -> 3" in each_cli("poll", "--all").stdout
    assert heroku.formation(name) == {"web": 1, "worker": 3}
    assert len(heroku.requests(method="PATCH", app=name)) == 1
    event, registered = each_cli.data("events", name)
    assert registered["kind"] == "registered"
    assert registered["facts"]["by"]["command"] == "add-app"
    assert (event["kind"], event["process_type"]) == ("scaled", "worker")
    assert (event["from_quantity"], event["to_quantity"]) == (1, 3)
    assert (event["count"], event["reason"]) == (25, "recommended")
    assert listed(each_cli) == {name: "ok"}
    assert "worker: 3 Standard-2X" in each_cli("show-app", name).stdout

    assert each_cli("del-app", name, "--yes").stdout == f"Removed {name}\n"
    assert listed(each_cli) == {}
    assert heroku.formation(name) == {"web": 1, "worker": 3}
    assert each_cli.data("events", name)[0]["kind"] == "removed"
    with Redis.from_url(redis_url, decode_responses=True) as client:
        left = {"account", "evaluated", "ended", "tally"}
        assert set(client.keys()) <= {f"scalar:{name}" for name in left}


def test_an_app_that_heroku_does_not_have_is_refused(cli, name, counts_app):
    said = cli("add-app", name, counts_app.url, status=1).stderr

    assert f'Heroku has no app "{name}"' in said
    assert "--no-check" in said
    assert listed(cli) == {}


def test_an_app_that_is_gone_from_heroku_is_held(cli, heroku, on_heroku, counts_app):
    counts_app.answer({"worker": 25})
    cli("add-app", on_heroku, counts_app.url)
    heroku.delete_app(on_heroku)

    assert "app_not_on_heroku" in cli("check-app", on_heroku, status=1).stdout
    assert "app_not_on_heroku" in cli("poll", on_heroku, status=1).stdout
    assert listed(cli)[on_heroku].startswith("held: app_not_on_heroku since")


def test_to_explain_changes_nothing_held_or_not(
    cli, heroku, on_heroku, counts_app, redis_url
):
    counts_app.answer({"worker": 25})
    cli("add-app", on_heroku, counts_app.url)
    with Redis.from_url(redis_url, decode_responses=True) as client:

        def memory():
            keys = set(client.scan_iter()) - {"scalar:account"}
            return {key: client.dump(key) for key in keys}

        before = memory()
        cli("check-app", on_heroku)
        assert memory() == before
        cli("poll", on_heroku)
        counts_app.answer("", status=503)
        before = memory()
        for _ in range(4):
            cli("check-app", on_heroku, status=1)

        assert memory() == before
    assert len(heroku.requests(method="PATCH", app=on_heroku)) == 1
    kinds = [event["kind"] for event in cli.data("events")]
    assert kinds == ["scaled", "registered"]


# policies and the fleet's file


def test_policies_are_set_paused_exported_applied_and_unset(each_cli, tmp_path):
    each_cli("add-app", "shop", "https://u:hunter2@shop.example/", "--no-check")
    each_cli("set-policy", "shop", "--max", "9")
    each_cli("set-policy", "shop", "worker", "--max", "4", "--schedule", BERLIN)
    each_cli("pause-app", "shop", "--down")
    file = tmp_path / "fleet.yaml"
    each_cli("export", str(file))

    assert listed(each_cli) == {"shop": "not evaluated yet, paused"}
    assert policy(each_cli, "worker")["max"] == ("4", "process type")
    assert yaml.safe_load(file.read_text()) == {
        "apps": {
            "shop": {
                "url": "https://u:***@shop.example/",
                "policy": {"max": 9},
                "process_types": {"worker": {"max": 4, "schedule": BERLIN}},
            }
        }
    }
    assert each_cli("apply", str(file)).stdout == "Nothing to change\n"
    file.write_text("apps: {shop: {policy: {max: 8}}, news: {url: 'https://n.eu/'}}\n")
    applied = each_cli("apply", str(file)).stdout
    assert applied.splitlines()[:2] == ["~ shop  max: 9 -> 8", "- shop worker  max: 4"]
    each_cli("resume-app", "shop")
    unset = each_cli("unset-policy", "shop", "--all").stdout
    assert unset == "Unset for shop: max\n"
    assert policy(each_cli, "(app)") == {"boundary": ("10", "environment")}
    assert listed(each_cli).keys() == {"shop", "news"}


@pytest.mark.parametrize(
    "file", ["apps: {news: {url: 'https://n.eu/'}, News: {}}", "apps: ["]
)
def test_a_bad_file_changes_nothing(cli, tmp_path, file):
    path = tmp_path / "fleet.yaml"
    path.write_text(file)

    assert cli("apply", str(path), status=1).stderr.startswith("Error: ")
    assert listed(cli) == {}

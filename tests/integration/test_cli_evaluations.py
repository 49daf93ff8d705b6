"""`check-app`, `poll` and `events`, with everything real around them."""

from __future__ import annotations

import pytest
from redis import Redis

from scalar.cli import evaluations


@pytest.fixture
def app(cli, heroku, name, counts_app):
    """An app with one worker, whose count wants three."""
    return register(cli, heroku, name, counts_app)


@pytest.fixture
def each_app(each_cli, heroku, name, counts_app):
    """The same, in a database of either kind."""
    return register(each_cli, heroku, name, counts_app)


def register(cli, heroku, name, counts_app):
    heroku.create_app(name, {"web": 1, "worker": 1})
    cli("add-app", name, counts_app.url)
    counts_app.answer({"worker": 25})
    return name


@pytest.fixture
def memory_of_redis(redis_url):
    """Return all that Redis holds, but for the account's calls."""
    with Redis.from_url(redis_url, decode_responses=True) as client:

        def read():
            keys = set(client.scan_iter()) - {"scalar:account"}
            return {key: client.dump(key) for key in keys}

        yield read


# check-app


def test_an_evaluation_is_explained_from_count_to_dynos(cli, app):
    assert cli("check-app", app).stdout == (
        f"{app} worker: 1 -> 3\n"
        "  recommended               3   count 25 / boundary 10\n"
    )


def test_an_explanation_tells_every_stage(cli, app, counts_app):
    counts_app.answer({"web": 0, "worker": None, "wroker": 5})

    assert cli("check-app", app).stdout == (
        f"{app} web: stays at 1\n"
        "  recommended               0   count 0 / boundary 10\n"
        "  web_kept                  1   the app would not answer without it\n"
        f"{app} worker: stays at 1, held\n"
        "  count_null                    the app says that it does not know\n"
        f"{app} wroker: held, not in the formation\n"
        "  not_in_formation              the formation has web, worker\n"
    )


def test_the_explanation_is_there_as_data(cli, app):
    data = cli.data("check-app", app)

    assert data["app"] == app
    assert data["held"] is None
    (worker,) = data["process_types"]
    assert (worker["current"], worker["desired"], worker["count"]) == (1, 3, 25)
    assert worker["trail"] == [
        {
            "quantity": 3,
            "reason": "recommended",
            "detail": "count 25 / boundary 10",
        }
    ]


def test_an_answer_without_process_types_is_said_to_be_so(cli, app, counts_app):
    counts_app.answer({})

    assert "has no process types" in cli("check-app", app).stdout


def test_to_explain_changes_nothing(each_cli, heroku, each_app, memory_of_redis):
    before = memory_of_redis()
    each_cli("check-app", each_app)

    assert heroku.formation(each_app) == {"web": 1, "worker": 1}
    assert heroku.requests(method="PATCH", app=each_app) == []
    assert each_cli.data("events") == []
    assert memory_of_redis() == before


def test_to_explain_a_held_app_changes_nothing_either(
    cli, app, counts_app, memory_of_redis
):
    cli("poll", app)
    counts_app.answer("", status=503)
    before = memory_of_redis()
    for _ in range(4):
        cli("check-app", app, status=1)

    assert memory_of_redis() == before
    assert [event["kind"] for event in cli.data("events")] == ["scaled"]


def test_a_held_app_is_explained_and_is_a_failure(cli, app, counts_app):
    counts_app.answer("", status=503)

    said = cli("check-app", app, status=1).stdout
    assert said.startswith(f"{app}: held, nothing is changed\n  counts_unavailable")
    assert "HTTP 503" in said
    data = cli.data("check-app", app, status=1)
    assert data["held"]["reason"] == "counts_unavailable"
    assert data["process_types"] == []


def test_an_app_that_is_gone_from_heroku_is_held(cli, heroku, app):
    heroku.delete_app(app)

    assert "app_not_on_heroku" in cli("check-app", app, status=1).stdout


# poll


def test_to_poll_scales_and_says_how(each_cli, heroku, each_app):
    assert f"{each_app} worker: 1 -> 3" in each_cli("poll", each_app).stdout
    assert heroku.formation(each_app) == {"web": 1, "worker": 3}

    again = each_cli.data("poll", each_app)
    assert [row["scaled"] for row in again] == [False]
    assert len(heroku.requests(method="PATCH", app=each_app)) == 1


def test_all_apps_are_polled_and_one_that_fails_hinders_none(cli, heroku, app):
    cli("add-app", "a-broken-app", "http://127.0.0.1:1/", "--no-check")
    printed = cli("poll", "--all", status=1)

    assert heroku.formation(app)["worker"] == 3
    assert f"{app} worker: 1 -> 3" in printed.stdout
    assert "a-broken-app: held, nothing is changed" in printed.stdout


def test_all_apps_are_there_as_data_and_what_is_logged_is_not_among_it(cli, app):
    cli("add-app", "a-broken-app", "http://127.0.0.1:1/", "--no-check")
    printed = cli("poll", "--all", "--json", status=1)

    assert "scale.held app=a-broken-app" in printed.stderr
    assert "scale.held" not in printed.stdout
    rows = {row["app"]: row for row in cli.data("poll", "--all", status=1)}
    assert rows[app]["held"] is None
    assert rows["a-broken-app"]["held"]["reason"] == "counts_unavailable"


@pytest.mark.parametrize("arguments", [(), ("shop", "--all")], ids=["neither", "both"])
def test_one_app_is_named_or_all_are_meant(cli, arguments):
    assert "Name one app, or use --all" in cli("poll", *arguments, status=2).stderr


def test_without_apps_there_is_nothing_to_poll(cli):
    assert cli.data("poll", "--all") == []


def test_an_app_that_the_workers_evaluate_is_left_to_them(
    cli, heroku, app, redis_url, monkeypatch
):
    monkeypatch.setattr(evaluations, "PATIENCE", 0.1)
    with Redis.from_url(redis_url) as client:
        for key in ("scalar:lease:1", "scalar:lease:2"):
            client.set(key, "of a worker")
        said = cli("poll", app, status=1).stderr

    assert f"{app}: another evaluation was under way" in said
    assert heroku.formation(app)["worker"] == 1


# events


def test_a_change_is_an_event_with_its_numbers_and_its_reason(each_cli, each_app):
    each_cli("poll", each_app)

    (event,) = each_cli.data("events", each_app)
    assert (event["kind"], event["process_type"]) == ("scaled", "worker")
    assert (event["from_quantity"], event["to_quantity"]) == (1, 3)
    assert (event["count"], event["reason"]) == (25, "recommended")
    said = each_cli("events").stdout
    assert "1 -> 3" in said
    assert "count 25 / boundary 10" in said


def test_a_lasting_hold_and_its_end_are_events_newest_first(
    each_cli, each_app, counts_app
):
    counts_app.answer(b"<html>")
    for _ in range(3):
        each_cli("poll", each_app, status=1)
    counts_app.answer({"worker": 1})
    each_cli("poll", each_app)

    events = each_cli.data("events")
    assert [event["kind"] for event in events] == ["resumed", "held"]
    assert [event["process_type"] for event in events] == [None, None]
    assert "(app)" in each_cli("events").stdout


def test_as_many_of_the_newest_events_are_printed_as_are_asked_for(
    cli, app, counts_app
):
    for count in (25, 35, 45):
        counts_app.answer({"worker": count})
        cli("poll", app)

    assert [e["count"] for e in cli.data("events", "--limit", "2")] == [45, 35]
    assert len(cli("events", app, "--limit", "1").stdout.splitlines()) == 2


def test_without_events_it_says_so_beside_the_data(cli, app):
    printed = cli("events", app)

    assert printed.stdout == ""
    assert printed.stderr == "No events yet.\n"
    assert cli.data("events", app) == []


@pytest.mark.parametrize("limit", ["0", "-1", "many", "10001"])
def test_a_bad_limit_is_refused(cli, limit):
    assert "--limit" in cli("events", "--limit", limit, status=2).stderr

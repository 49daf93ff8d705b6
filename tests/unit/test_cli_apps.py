"""`add-app`, `move-app`, `del-app`, `list-apps` and `show-app`."""

from __future__ import annotations

import pytest

from scalar.core.errors import CoordinationError, CountsMalformed, CountsUnavailable
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason

URL = "https://shop.example/counts"
HIREFIRE = "https://shop.example/hirefire"
TOKEN = "hunter2-t0ken"


@pytest.fixture
def redis_away(cli, monkeypatch):
    """Let Redis be away for whatever a command asks of it."""

    def away(*_):
        raise CoordinationError("Redis is away")

    for name in ("recall", "forget", "reserve", "begin"):
        monkeypatch.setattr(cli.world.coordinator, name, away)


def register(cli, *names, url=URL):
    for name in names:
        cli("add-app", name, url, "--no-check")


def listed(cli):
    return {row["name"]: row for row in cli.data("list-apps")}


def states(cli):
    return {name: row["state"] for name, row in listed(cli).items()}


def token(cli, name="shop"):
    return cli.world.registry.get(name).address.token.reveal()


# add-app


def test_what_an_app_answers_is_printed_when_it_is_registered(shop_cli):
    shop_cli.world.registry.remove("shop")
    null = Unknown(Reason.COUNT_NULL, "the app says that it does not know")
    shop_cli.world.report({"worker": 12, "mailer": Reading(null)})

    printed = shop_cli("add-app", "shop", URL)
    assert printed.stdout == (
        f"Registered shop: {URL}\n"
        "Found: mailer unknown (the app says that it does not know), worker 12, in "
        "the plain format\n"
    )
    assert printed.stderr == ""


def test_an_app_that_does_not_answer_is_registered_with_a_note(cli):
    cli.world.platform.formations["shop"] = {}
    cli.world.report(CountsUnavailable("the app answered HTTP 503"))

    printed = cli("add-app", "shop", URL)
    assert printed.stderr == (
        "Note: The URL does not return counts yet: the app answered HTTP 503. The app "
        "is held until it does.\n"
    )
    assert listed(cli).keys() == {"shop"}


def test_without_a_check_nobody_is_asked(cli):
    register(cli, "shop")

    assert cli.world.platform.calls == []
    assert cli.world.counts.asked == []


def test_without_a_shared_key_heroku_is_not_asked(cli):
    cli.env["HEROKU_API_KEY"] = ""
    guess = "https://shop.herokuapp.com/api/scalar_tasks/"
    cli.world.counts.answers[guess] = {}

    assert "guess" in cli("add-app", "shop").stderr
    assert cli.world.platform.calls == []
    assert listed(cli)["shop"]["url"] == guess


def test_a_name_is_registered_once(cli):
    register(cli, "shop")
    said = cli("add-app", "shop", "https://other.example/", "--no-check", status=1)

    assert said.stderr == (
        'Error: App "shop" is registered already. See it with: python cli.py '
        "show-app shop\n"
    )


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        pytest.param(["--token", TOKEN], {}, id="as it is"),
        pytest.param(["--token", "-"], {"typed": f"{TOKEN}\n"}, id="from a pipe"),
        pytest.param(["--token"], {"typed": f"{TOKEN}\n"}, id="without a value"),
        pytest.param([], {"SCALAR_APP_TOKEN": TOKEN}, id="from the environment"),
    ],
)
def test_a_token_is_read_and_not_printed(cli, arguments, given):
    printed = cli("add-app", "shop", HIREFIRE, *arguments, "--no-check", **given)

    assert token(cli) == TOKEN
    assert "hunter2" not in str(printed)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        pytest.param(["redis://h/"], "--queues worker=celery", id="no queues"),
        pytest.param(["--format", "celery"], "URL of the broker", id="no broker"),
        pytest.param(["redis://h/", "--queues", "a"], "PROCESS_TYPE=queue", id="half"),
        pytest.param(["--token", URL], "--token took a URL", id="a URL for a token"),
        pytest.param([URL, "--token", ""], "token is empty", id="an empty token"),
        pytest.param([URL, "--token", "-"], "token is empty", id="an empty pipe"),
        pytest.param(
            [f"{HIREFIRE}/{TOKEN}/info#x"], "#fragment", id="a bad URL with a token"
        ),
        pytest.param(
            [f"{HIREFIRE}/{TOKEN}/info", "--token", "other"],
            "differs from the given one",
            id="two",
        ),
    ],
)
def test_a_bad_address_is_refused_on_one_line(cli, arguments, rule):
    printed = cli("add-app", "shop", *arguments, "--no-check", status=1)

    assert rule in printed.stderr
    assert len(printed.stderr.splitlines()) == 1
    assert "hunter2" not in str(printed)
    assert listed(cli) == {}


# move-app


def test_an_address_that_cannot_be_decrypted_is_replaced_by_moving(cli):
    register(cli, "shop")
    cli.world.registry.unreadable = {"shop"}
    printed = cli("move-app", "shop", HIREFIRE, "--no-check")

    assert printed.stdout == f"Moved shop: {HIREFIRE} (hirefire)\n"
    assert listed(cli)["shop"]["url"] == HIREFIRE


# del-app


def test_nothing_is_remembered_of_a_removed_app(shop_cli):
    shop_cli("poll", "shop")

    assert shop_cli("del-app", "shop", "--yes").stdout == "Removed shop\n"
    assert listed(shop_cli) == {}
    assert shop_cli.world.coordinator.recall([1]) == {}
    register(shop_cli, "shop")
    assert states(shop_cli) == {"shop": "not evaluated yet"}


@pytest.mark.parametrize("typed", ["", "y\n"], ids=["nothing", "a piped yes"])
def test_without_a_terminal_nothing_is_removed_unless_it_is_confirmed(cli, typed):
    register(cli, "shop")

    assert "--yes" in cli("del-app", "shop", typed=typed, status=2).stderr
    assert listed(cli).keys() == {"shop"}


@pytest.mark.usefixtures("redis_away")
def test_without_redis_an_app_is_removed_with_a_note(cli):
    register(cli, "shop")
    printed = cli("del-app", "shop", "--yes")

    assert printed.stdout == "Removed shop\n"
    assert printed.stderr == (
        "Note: Redis is away. What is stored of shop there expires in a week.\n"
    )
    assert cli.data("list-apps") == []


def test_an_app_that_cannot_be_decrypted_can_be_removed(cli):
    register(cli, "shop")
    cli.world.registry.unreadable = {"shop"}
    cli("del-app", "shop", "--yes")

    assert listed(cli) == {}


# list-apps, show-app


def test_without_apps_the_list_is_empty_and_says_how_to_add_one(cli):
    printed = cli("list-apps")

    assert printed.stdout == ""
    assert "add-app" in printed.stderr
    assert cli.data("list-apps") == []


def test_apps_are_listed_by_name_in_columns(cli):
    register(cli, "shop")
    cli("add-app", "blog", HIREFIRE, "--no-check", "--heroku-key", "own")

    assert cli("list-apps").stdout == (
        "NAME  STATE              HEROKU KEY  URL\n"
        f"blog  not evaluated yet  own key     {HIREFIRE} (hirefire)\n"
        f"shop  not evaluated yet  shared key  {URL}\n"
    )
    assert listed(cli)["blog"] == {
        "name": "blog",
        "url": HIREFIRE,
        "format": "hirefire",
        "queues": {},
        "heroku_key": "own key",
        "state": "not evaluated yet",
        "polled_seconds_ago": None,
    }


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param({"worker": 1}, "ok", id="in order"),
        pytest.param(
            CountsMalformed("<html>"),
            "held: counts_malformed since 2026-01-01 12:00:00 UTC",
            id="no counts",
        ),
        pytest.param(
            {"worker": Unknown(Reason.COUNT_NULL), "wroker": 1, "web": 1},
            "held in part: worker (count_null), wroker (not_in_formation)",
            id="in part",
        ),
    ],
)
def test_the_state_of_an_app_is_that_of_its_last_evaluation(shop_cli, answer, state):
    shop_cli.world.report(answer)
    shop_cli("poll", "shop", status=int(isinstance(answer, Exception)))

    assert states(shop_cli) == {"shop": state}
    assert shop_cli.data("show-app", "shop")["state"] == state
    assert state in shop_cli("list-apps").stdout
    assert f"state:    {state}" in shop_cli("show-app", "shop").stdout


def test_a_state_has_its_age_and_an_old_one_is_not_that_of_now(shop_cli):
    shop_cli("poll", "shop")
    shop_cli.world.clock.walk(12)
    assert "ok, polled 12 s ago  " in shop_cli("list-apps").stdout
    assert listed(shop_cli)["shop"]["polled_seconds_ago"] == 12
    shop_cli.world.clock.walk(1)
    assert states(shop_cli) == {"shop": "not polled for 13 s"}
    assert "  not polled for 13 s  " in shop_cli("list-apps").stdout

    shop_cli.world.report(CountsMalformed("<html>"))
    shop_cli("poll", "shop", status=1)
    shop_cli.world.clock.walk(600)
    assert states(shop_cli)["shop"].startswith(
        "not polled for 10 min, held: counts_malformed since "
    )


def test_an_app_that_backs_off_says_how_often_it_is_evaluated(shop_cli):
    shop_cli.world.report(CountsUnavailable("HTTP 503"))
    for _ in range(4):
        shop_cli("poll", "shop", status=1)

    assert " UTC, evaluated every " in states(shop_cli)["shop"]


def test_an_app_is_shown_with_its_dynos_and_what_holds_it(shop_cli):
    shop_cli.world.report({"worker": Unknown(Reason.COUNT_INVALID, "'many'")})
    for _ in range(2):
        shop_cli("poll", "shop")

    shown = shop_cli.data("show-app", "shop")
    assert shown["formation"]["worker"] == {
        "quantity": 1,
        "size": "Standard-1X",
        "limit": None,
    }
    assert shown["holds"] == [
        {
            "process_type": "worker",
            "reason": "count_invalid",
            "since": "2026-01-01T12:00:00+00:00",
            "times": 2,
            "detail": "'many'",
        }
    ]
    assert shop_cli("show-app", "shop").stdout == (
        "name:     shop\n"
        f"url:      {URL}\n"
        "state:    held in part: worker (count_invalid), polled 0 s ago\n"
        "dynos:    as read at 2026-01-01 12:00:00 UTC, or changed by us since\n"
        "  web: 1 Standard-1X\n"
        "  worker: 1 Standard-1X\n"
        "policy:   (app)\n"
        "  boundary             10                        from environment\n"
        "policy:   web\n"
        "  boundary             10                        from environment\n"
        "policy:   worker\n"
        "  boundary             10                        from environment\n"
        "held:     worker, count_invalid, 2 times since 2026-01-01 12:00:00 UTC: "
        "'many'\n"
    )


def test_an_app_that_never_answered_is_shown_with_the_reason(shop_cli):
    shop_cli.world.report(CountsUnavailable("HTTP 503"))
    shop_cli("poll", "shop", status=1)

    said = shop_cli("show-app", "shop").stdout
    assert "dynos:    not read yet\n" in said
    assert "held:     the whole app, counts_unavailable, 1 times since" in said
    assert said.endswith(": HTTP 503\n")


def test_format_queues_and_own_key_are_shown_where_they_are_not_the_usual(cli):
    cli("add-app", "shop", HIREFIRE, "--no-check", "--heroku-key", "own")
    queues = ("--queues", "worker=default,mail", "--queues", "mailer=post")
    cli("add-app", "blog", "redis://h/0", *queues, "--no-check")
    register(cli, "mail")

    shop, blog, mail = (cli("show-app", n).stdout for n in ("shop", "blog", "mail"))
    assert "format:   hirefire\n" in shop
    assert "heroku:   own key\n" in shop
    assert "queues:   mailer=post worker=default,mail\n" in blog
    assert not [word for word in ("format:", "queues:", "heroku:") if word in mail]


def test_an_app_that_cannot_be_decrypted_is_listed_and_shown(cli):
    register(cli, "shop")
    cli.world.registry.unreadable = {"shop"}

    row = listed(cli)["shop"]
    assert row == {
        "name": "shop",
        "url": "(encrypted with another key)",
        "format": None,
        "queues": {},
        "heroku_key": "unknown",
        "state": "not evaluated yet",
        "polled_seconds_ago": None,
    }
    assert cli.data("show-app", "shop")["policies"] == {}
    for command in (["list-apps"], ["show-app", "shop"]):
        assert "(encrypted with another key)" in cli(*command).stdout


@pytest.mark.usefixtures("redis_away")
@pytest.mark.parametrize("command", [["list-apps"], ["show-app", "shop"]])
def test_without_redis_apps_are_shown_in_an_unknown_state(cli, command):
    register(cli, "shop")
    printed = cli(*command)

    assert "shop" in printed.stdout
    assert "unknown" in printed.stdout
    assert printed.stderr == "Note: the state is unknown: Redis is away.\n"


@pytest.mark.parametrize(
    ("arguments", "standing"),
    [
        (["pause-app", "shop", "--down"], ", paused"),
        (["pause-app", "shop", "worker", "--for", "2h"], ", paused: worker"),
        (["set-policy", "shop", "--dry-run", "yes"], ", dry run"),
    ],
)
def test_the_list_says_what_is_not_scaled(cli, arguments, standing):
    register(cli, "shop")
    cli(*arguments)

    assert states(cli) == {"shop": f"not evaluated yet{standing}"}
    assert cli.data("show-app", "shop")["state"] == f"not evaluated yet{standing}"


# whatever the command


@pytest.mark.parametrize(
    "command",
    [
        *("show-app", "check-app", "poll", "events", "unset-heroku-key"),
        *("pause-app", "resume-app"),
    ],
)
def test_an_app_that_is_not_registered_is_named_with_the_way_to_add_it(cli, command):
    said = cli(command, "blog", status=1).stderr

    assert said.splitlines()[-1] == (
        'Error: App "blog" is not registered. Add it with: python cli.py add-app blog'
    )


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["add-app", "{url}", "shop"], 1, id="URL and name swapped"),
        pytest.param(["add-app", "{url}"], 1, id="a URL for a name"),
        pytest.param(["add-app", "shop", "{bad}"], 1, id="an unescaped password"),
        pytest.param(["add-app", "{bad}"], 1, id="an unescaped password for a name"),
        pytest.param(["add-app", "shop", "one", "{url}"], 2, id="an argument too many"),
        pytest.param(["add-app", "shop", "x", "{path}"], 2, id="a token in a path"),
        pytest.param(["show-app", "{url}"], 1, id="show-app with a URL"),
        pytest.param(["poll", "{url}"], 1, id="poll with a URL"),
        pytest.param(["events", "{url}"], 1, id="events with a URL"),
        pytest.param(["events", "--limit", "{url}"], 2, id="a URL for a number"),
        pytest.param(["{url}"], 2, id="a URL for a command"),
    ],
)
def test_a_url_in_the_wrong_place_is_not_repeated_with_its_secret(
    cli, arguments, status
):
    urls = {
        "url": "https://user:hunter2@shop.example/",
        "bad": "https://user:hunter2/x@shop.example/",
        "path": f"{HIREFIRE}/{TOKEN}/info",
    }
    printed = cli(*(argument.format(**urls) for argument in arguments), status=status)

    assert "hunter2" not in str(printed)
    assert printed.stdout == ""


def test_a_renamed_app_is_followed(cli):
    cli.world.add("shop", worker=1)
    cli.world.platform.rename("shop", "store")
    said = cli("rename-app", "shop", "store")

    assert said.stdout.startswith("Registered store: https://shop.example/counts")
    assert "move-app store URL" in said.stderr
    assert list(listed(cli)) == ["store"]
    assert "was shop" in cli("events", "shop").stdout
    assert "has no app" in cli("rename-app", "store", "nowhere", status=1).stderr

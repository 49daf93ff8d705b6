"""Passwords and keys: used, encrypted, and never printed."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from scalar.settings import Settings

USER, PASSWORD = "metrics", "hunter2/#?@: ü"
#: What must not be seen, in plain text and as it stands in the URL.
SPELLINGS = ("hunter2", quote("/#?@: ü", safe=""))


pytestmark = pytest.mark.usefixtures("hasty_doctor")


@pytest.fixture
def url(counts_app):
    """The URL of an app that wants the password."""
    counts_app.require_auth(USER, PASSWORD)
    counts_app.answer({"worker": 25})
    credentials = f"{USER}:{quote(PASSWORD, safe='')}@"
    return counts_app.url.replace("//", f"//{credentials}")


def assert_hidden(*printed):
    for text_of_it in map(str, printed):
        assert not [word for word in SPELLINGS if word in text_of_it]


def new_key(cli):
    return cli("make-secret-key").stdout.strip()


def stored(cli):
    """Return the URLs as the database has them."""
    settings = Settings.from_environ(cli.env)
    engine = create_engine(settings.database_url.reveal())
    with engine.connect() as connection:
        urls = list(connection.execute(text("SELECT url FROM apps ORDER BY name")))
    engine.dispose()
    return [row[0] for row in urls]


def test_the_password_is_used_and_no_command_prints_it(
    each_cli, heroku, name, url, counts_app
):
    heroku.create_app(name)
    printed = [each_cli("add-app", name, url)]
    printed += [
        each_cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", name), ("check-app", name)),
            *(("poll", name), ("poll", "--all"), ("events",), ("events", name)),
        )
        for form in ((), ("--json",))
    ]
    printed += [each_cli("add-app", name, url, status=1), each_cli("export")]
    printed += [each_cli("doctor", *form, status=1) for form in ((), ("--json",))]
    printed += [each_cli("del-app", name, "--yes")]

    assert_hidden(*printed)
    assert f"http://{USER}:***@127.0.0.1" in printed[0].stdout
    assert heroku.formation(name)["worker"] == 3
    assert {r.headers["Authorization"] for r in counts_app.requests} == {
        counts_app.auth
    }


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda app: app.require_auth("a", "b"), id="a wrong password"),
        pytest.param(lambda app: app.behave("reset"), id="a reset connection"),
        pytest.param(lambda app: app.behave("cut"), id="a cut answer"),
        pytest.param(
            lambda app: app.behave("redirect", to="ftp://metrics:hunter2@elsewhere/"),
            id="a redirect to nowhere",
        ),
        pytest.param(lambda app: app.answer(b"<html>"), id="no counts"),
    ],
)
def test_an_app_that_goes_wrong_prints_no_password(
    cli, on_heroku, url, counts_app, trouble
):
    name = on_heroku
    trouble(counts_app)
    printed = [
        cli("add-app", name, url),
        *(cli("check-app", name, *form, status=1) for form in ((), ("--json",))),
        *(cli("poll", name, *form, status=1) for form in ((), ("--json",)) * 2),
        *(cli("show-app", name, *form) for form in ((), ("--json",))),
        *(cli("events", *form) for form in ((), ("--json",))),
    ]

    assert_hidden(*printed)
    assert "counts_" in printed[1].stdout


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["add-app", "{url}", "shop"], 1, id="URL and name swapped"),
        pytest.param(["add-app", "{url}"], 1, id="a URL for a name"),
        pytest.param(["add-app", "shop", "{bad}"], 1, id="an unescaped password"),
        pytest.param(["add-app", "{bad}"], 1, id="an unescaped password for a name"),
        pytest.param(["add-app", "shop", "one", "{url}"], 2, id="an argument too many"),
        pytest.param(["show-app", "{url}"], 1, id="show-app with a URL"),
        pytest.param(["poll", "{url}"], 1, id="poll with a URL"),
        pytest.param(["events", "{url}"], 1, id="events with a URL"),
        pytest.param(["events", "--limit", "{url}"], 2, id="a URL for a number"),
        pytest.param(["{url}"], 2, id="a URL for a command"),
    ],
)
def test_a_url_in_the_wrong_place_is_not_repeated_with_its_password(
    cli, arguments, status
):
    urls = {
        "url": "https://user:hunter2@shop.example/",
        "bad": "https://user:hunter2/x@shop.example/",
    }
    printed = cli(*(argument.format(**urls) for argument in arguments), status=status)

    assert_hidden(printed)
    assert printed.stdout == ""


def test_the_keys_of_the_project_are_never_printed(cli, heroku, name, counts_app):
    heroku.create_app(name)
    key = new_key(cli)
    cli.env |= {"SCALAR_SECRET_KEY": key, "HEROKU_API_KEY": "hunter2-is-wrong"}
    printed = [
        cli("add-app", name, counts_app.url, status=1),
        cli("add-app", name, counts_app.url, "--no-check"),
        cli("encrypt-urls"),
        cli("check-app", name, status=1),
        cli("poll", name, status=1),
        cli("doctor", status=1),
        cli("events"),
    ]

    assert_hidden(*printed)
    assert not [text_of_it for text_of_it in map(str, printed) if key in text_of_it]


@pytest.mark.parametrize("what", [401, 403, 429, 503, "reset", "cut", "non_json"])
def test_a_heroku_that_goes_wrong_prints_no_key_of_an_app(
    cli, heroku, name, counts_app, what
):
    counts_app.answer({"worker": 25})
    heroku.create_app(name)
    own = ("--heroku-key", "hunter2-own")
    heroku.fail(what, times=None)
    printed = [
        cli("add-app", name, counts_app.url, *own, status=1),
        cli("add-app", name, counts_app.url, *own, "--no-check"),
        cli("set-heroku-key", name, "hunter2-own", status=1),
        cli("check-app", name, status=1),
        cli("poll", name, status=1),
        cli("doctor", status=1),
        *(cli(command) for command in ("events", "list-apps", "export")),
    ]
    heroku.clear_faults()

    assert_hidden(*printed)
    assert "own key" in printed[-2].stdout


def test_a_new_key_is_one_that_encrypts(cli):
    key = new_key(cli)

    assert Fernet(key)
    assert new_key(cli) != key
    assert cli("list-apps", SCALAR_SECRET_KEY=key).stdout == ""


def test_without_a_key_nothing_can_be_encrypted_and_it_says_how(cli):
    assert "make-secret-key" in cli("encrypt-urls", status=1).stderr


def test_urls_are_encrypted_when_a_key_comes(each_cli, heroku, name, url):
    heroku.create_app(name)
    each_cli("add-app", name, url)
    assert "hunter2" in stored(each_cli)[0]
    each_cli.env["SCALAR_SECRET_KEY"] = new_key(each_cli)

    assert "1 URLs" in each_cli("encrypt-urls").stdout
    assert stored(each_cli)[0].startswith("fernet:")
    assert_hidden(*stored(each_cli))
    each_cli("poll", name)
    assert heroku.formation(name)["worker"] == 3


def test_a_key_is_changed_without_losing_an_app(each_cli, heroku, name, url):
    heroku.create_app(name)
    old, new = new_key(each_cli), new_key(each_cli)
    each_cli("add-app", name, url, SCALAR_SECRET_KEY=old)
    each_cli("encrypt-urls", SCALAR_SECRET_KEY=f"{new},{old}")

    each_cli("poll", name, SCALAR_SECRET_KEY=new)
    assert heroku.formation(name)["worker"] == 3


def test_with_another_key_an_app_is_listed_not_polled_and_can_be_removed(
    cli, heroku, name, url
):
    heroku.create_app(name)
    right, wrong = new_key(cli), new_key(cli)
    cli("add-app", name, url, SCALAR_SECRET_KEY=right)
    cli.env["SCALAR_SECRET_KEY"] = wrong

    (row,) = cli.data("list-apps")
    assert row["url"] == "(encrypted with another key)"
    for command in ("poll", "check-app"):
        assert "SCALAR_SECRET_KEY" in cli(command, name, status=1).stderr
    assert "SCALAR_SECRET_KEY" in cli("encrypt-urls", status=1).stderr
    assert heroku.requests(method="PATCH", app=name) == []
    cli("del-app", name, "--yes")
    assert cli.data("list-apps") == []

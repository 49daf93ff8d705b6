"""Passwords and keys on real servers: used, encrypted, and never printed."""

from __future__ import annotations

from urllib.parse import quote

import pytest
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
    cli, heroku, name, url, counts_app
):
    heroku.create_app(name)
    printed = [cli("add-app", name, url)]
    printed += [
        cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", name), ("check-app", name)),
            *(("poll", name), ("poll", "--all"), ("events",), ("events", name)),
        )
        for form in ((), ("--json",))
    ]
    printed += [cli("add-app", name, url, status=1), cli("export")]
    printed += [cli("doctor", *form, status=1) for form in ((), ("--json",))]
    printed += [cli("del-app", name, "--yes")]

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
        pytest.param(
            lambda app: app.behave("redirect", to="ftp://metrics:hunter2@elsewhere/"),
            id="a redirect to nowhere",
        ),
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


@pytest.mark.parametrize("what", [401, "reset"])
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


def test_secrets_are_encrypted_when_a_key_comes_and_with_the_next(
    each_cli, heroku, name, url
):
    heroku.create_app(name)
    own = ("--heroku-key", heroku.token)
    each_cli("add-app", name, url, *own)
    assert "hunter2" in stored(each_cli)[0]
    assert "plain text" in each_cli("doctor", status=1).stdout
    first, second = new_key(each_cli), new_key(each_cli)
    each_cli.env["SCALAR_SECRET_KEY"] = first

    assert "1 URL " in each_cli("encrypt-urls").stdout
    assert stored(each_cli)[0].startswith("fernet:")
    assert_hidden(*stored(each_cli))
    assert "URLs are encrypted" in each_cli("doctor", status=1).stdout
    each_cli("encrypt-urls", SCALAR_SECRET_KEY=f"{second},{first}")
    each_cli("poll", name, SCALAR_SECRET_KEY=second)
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


@pytest.mark.parametrize("bind", ["false", "true"])
def test_a_copied_heroku_key_is_sent_to_nobody(
    each_cli, heroku, name, counts_app, bind
):
    """Whoever can write to the database, without the secret key, has an app there."""
    each_cli.env |= {"SCALAR_SECRET_KEY": new_key(each_cli), "BIND_SECRETS": bind}
    counts_app.answer({"worker": 25})
    mine = f"{name[:20]}-mine"
    for app, key in ((name, "hunter2-own"), (mine, "my-own")):
        heroku.create_app(app)
        each_cli("add-app", app, counts_app.url, "--no-check", "--heroku-key", key)
    settings = Settings.from_environ(each_cli.env)
    engine = create_engine(settings.database_url.reveal())
    with engine.begin() as connection:
        stolen = text("SELECT heroku_key FROM apps WHERE name = :name")
        key = connection.execute(stolen, {"name": name}).scalar_one()
        copied = text("UPDATE apps SET token = :key WHERE name = :name")
        connection.execute(copied, {"key": key, "name": mine})
    engine.dispose()

    said = each_cli("poll", mine, status=1)
    assert "copied from another app" in said.stderr
    assert counts_app.requests == []
    assert_hidden(said)

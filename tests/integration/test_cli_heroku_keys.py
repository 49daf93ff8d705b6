"""Apps with a Heroku key of their own: given, used, shown, checked, taken away."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from devtools.procfile import ROOT

KEY, WRONG = "HRKU-hunter2-own", "HRKU-hunter2-wrong"

pytestmark = pytest.mark.usefixtures("hasty_doctor")


@pytest.fixture
def account(heroku, name):
    """An account of its own, with a key that may write."""
    heroku.clear()
    heroku.create_account(name)
    heroku.create_token(name, KEY, account=name, scopes=["write"])
    return name


@pytest.fixture
def foreign(heroku, account, counts_app):
    """An app of that account, which wants three dynos."""
    counts_app.answer({"worker": 25})
    return heroku.create_app(account, {"worker": 1}, account=account).name


def shown(cli, name):
    return cli.data("show-app", name)["heroku_key"]


def finding(cli, what, **settings):
    rows = cli.data("doctor", status=1, **settings)
    return [(row["state"], row["text"]) for row in rows if row["what"] == what]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--heroku-key", KEY], {}, id="as it is"),
        pytest.param(["--heroku-key", "-"], {"typed": f"{KEY}\n"}, id="from a pipe"),
        pytest.param(["--heroku-key"], {"typed": f"{KEY}\n"}, id="without a value"),
        pytest.param([], {"SCALAR_APP_HEROKU_KEY": KEY}, id="from the environment"),
    ],
)
def test_a_key_is_taken_used_and_never_printed(  # noqa: PLR0917 - a table
    each_cli, heroku, foreign, counts_app, arguments, said
):
    printed = [each_cli("add-app", foreign, counts_app.url, *arguments, **said)]
    printed += [
        each_cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", foreign), ("check-app", foreign)),
            *(("poll", foreign), ("events",)),
        )
        for form in ((), ("--json",))
    ]
    printed += [each_cli("export"), each_cli("doctor", status=1)]

    assert heroku.formation(foreign)["worker"] == 3
    assert {r.account for r in heroku.requests(app=foreign)} == {foreign}
    assert not [text for text in map(str, printed) if "hunter2" in text]
    assert "own key" in printed[1].stdout
    assert "heroku:   own key" in printed[3].stdout
    assert "heroku_key: '***'" in printed[-2].stdout


def test_a_token_and_a_key_are_read_one_after_the_other(cli, foreign, counts_app):
    counts_app.answer([{"name": "worker", "value": 25}])
    url = f"http://127.0.0.1:{counts_app.port}/hirefire"
    cli(
        *("add-app", foreign, url, "--token", "-", "--heroku-key", "-"),
        typed=f"{KEY}\nt0ken\n",
    )

    assert {r.headers["HireFire-Token"] for r in counts_app.requests} == {"t0ken"}
    assert shown(cli, foreign) == "own key"


def test_a_key_is_checked_before_an_app_is_registered(cli, foreign, counts_app):
    add = ("add-app", foreign, counts_app.url, "--heroku-key", "-")

    said = cli(*add, status=1, typed=f"{WRONG}\n").stderr
    assert "401" in said
    assert "--no-check" in said
    assert "hunter2" not in said
    assert cli.data("list-apps") == []
    cli(*add, "--no-check", typed=f"{WRONG}\n")
    assert shown(cli, foreign) == "own key"


def test_a_key_is_given_changed_and_taken_away(each_cli, heroku, foreign, counts_app):
    each_cli("add-app", foreign, counts_app.url, "--no-check")
    assert shown(each_cli, foreign) == "shared key"
    each_cli("poll", foreign, status=1)
    assert heroku.formation(foreign) == {"worker": 1}
    for typed, status in ((WRONG, 1), (KEY, 0)):
        each_cli("set-heroku-key", foreign, "-", typed=f"{typed}\n", status=status)

    assert shown(each_cli, foreign) == "own key"
    assert "own key" in each_cli("list-apps").stdout
    assert "HEROKU_API_KEY" in each_cli("unset-heroku-key", foreign).stdout
    assert shown(each_cli, foreign) == "shared key"


def test_another_address_leaves_the_key_and_is_looked_for_with_it(
    cli, heroku, foreign, counts_app
):
    cli("add-app", foreign, counts_app.url, "--heroku-key", KEY)
    cli("move-app", foreign, counts_app.url)

    assert shown(cli, foreign) == "own key"
    assert {r.account for r in heroku.requests(app=foreign)} == {foreign}


@pytest.mark.parametrize(
    ("arguments", "said", "status"),
    [
        pytest.param(["set-heroku-key", "shop", "-"], "is empty", 1, id="no key"),
        pytest.param(["set-heroku-key", "shop"], "KEY", 2, id="not even -"),
        pytest.param(["set-heroku-key", "shop", "***"], "stands in for", 1, id="stars"),
        pytest.param(
            ["set-heroku-key", "shop", "two hunter2"], "white space", 1, id="no key"
        ),
        pytest.param(["set-heroku-key", "nobody", KEY], "add-app nobody", 1, id="app"),
        pytest.param(["unset-heroku-key", "nobody"], "add-app nobody", 1, id="no app"),
        pytest.param(
            ["add-app", "blog", "--heroku-key", "https://u:hunter2@h/"],
            *("must not be a URL", 1),
            id="the URL for the key",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_said_and_it_is_not_repeated(
    cli, arguments, said, status
):
    cli("add-app", "shop", "https://shop.example/", "--no-check")

    printed = cli(*arguments, status=status)
    assert said in printed.stderr
    assert "hunter2" not in str(printed)
    assert shown(cli, "shop") == "shared key"


def test_on_a_terminal_the_key_is_asked_for_and_not_shown(cli):
    cli("add-app", "shop", "https://shop.example/", "--no-check")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "cli.py", "set-heroku-key", "shop", "-", "--no-check"],
        cwd=ROOT,
        env={**os.environ, **cli.env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    while b"Heroku key:" not in seen:
        seen += os.read(ours, 1000)
    os.write(ours, f"{KEY}\n".encode())
    try:
        while more := os.read(ours, 1000):
            seen += more
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)

    assert process.wait(20) == 0
    assert b"hunter2" not in seen
    assert shown(cli, "shop") == "own key"


def test_a_fleet_in_a_file_keeps_the_key(cli, tmp_path, foreign, counts_app):
    cli("add-app", foreign, counts_app.url, "--heroku-key", KEY)
    file = tmp_path / "fleet.yaml"
    cli("export", str(file))

    assert "hunter2" not in file.read_text()
    assert cli("apply", str(file)).stdout == "Nothing to change\n"
    file.write_text(file.read_text().replace("    heroku_key: '***'\n", ""))
    assert cli("apply", str(file)).stdout.startswith(f"- {foreign}  heroku_key: ***\n")
    assert shown(cli, foreign) == "shared key"


# encryption


def test_a_key_that_is_stored_as_plain_text_is_warned_of(cli, foreign, counts_app):
    secret_key = cli("make-secret-key").stdout.strip()
    add = ("add-app", foreign, counts_app.url, "--heroku-key", KEY)

    assert "plain text" in cli(*add).stderr
    assert "plain text" in cli("set-heroku-key", foreign, KEY).stderr
    cli.env["SCALAR_SECRET_KEY"] = secret_key
    assert cli("set-heroku-key", foreign, KEY).stderr == ""


def test_a_key_is_encrypted_with_the_urls(each_cli, heroku, foreign, counts_app):
    each_cli("add-app", foreign, counts_app.url, "--heroku-key", KEY)
    new = each_cli("make-secret-key").stdout.strip()
    each_cli.env["SCALAR_SECRET_KEY"] = new
    assert finding(each_cli, "encryption")[0][0] == "warn"
    each_cli("encrypt-urls")

    assert finding(each_cli, "encryption")[0][0] == "ok"
    each_cli("poll", foreign)
    assert heroku.formation(foreign)["worker"] == 3
    other = each_cli("make-secret-key").stdout.strip()
    each_cli.env["SCALAR_SECRET_KEY"] = other
    assert each_cli.data("list-apps")[0]["heroku_key"] == "unknown"
    ((state, text),) = finding(each_cli, "own key")
    assert (state, "SCALAR_SECRET_KEY" in text) == ("FAIL", True)


# doctor


def test_each_own_key_is_looked_at_once(cli, heroku, foreign, counts_app):
    heroku.create_app("blog")
    cli("add-app", "blog", counts_app.url, "--no-check")
    for name in (foreign, "zz-another"):
        cli("add-app", name, counts_app.url, "--no-check", "--heroku-key", KEY)
    before = heroku.cost()
    ((state, text),) = finding(cli, "own key")

    assert state == "ok"
    assert finding(cli, "heroku key")[0][1].endswith("may read blog")
    assert text.startswith(f"of {foreign} and 1 more: accepted, scope write")
    assert "calls left this hour" in text
    assert heroku.cost() - before == 4  # twice one formation for each of two keys


@pytest.mark.parametrize(
    ("trouble", "state", "said"),
    [
        pytest.param(
            lambda heroku, account: heroku.revoke_token(account),
            *("FAIL", "set-heroku-key"),
            id="revoked",
        ),
        pytest.param(
            lambda heroku, account: heroku.set_remaining(100, account),
            *("warn", "below CALLS_RESERVE"),
            id="few calls left",
        ),
        pytest.param(
            lambda heroku, account: heroku.delete_app(account),
            *("FAIL", "may not read"),
            id="no app that it may see",
        ),
    ],
)
def test_what_is_wrong_with_an_own_key_is_told_with_its_app(  # noqa: PLR0917 - a table
    cli, heroku, foreign, counts_app, trouble, state, said
):
    cli("add-app", foreign, counts_app.url, "--heroku-key", KEY)
    trouble(heroku, foreign)

    ((found, text),) = finding(cli, "own key")
    assert found == state
    assert text.startswith(f"of {foreign}: ")
    assert said in text
    assert finding(cli, "heroku calls")[0][0] == "ok"


def test_without_a_shared_key_every_app_needs_its_own(cli, foreign, counts_app):
    cli.env["HEROKU_API_KEY"] = ""
    cli("add-app", foreign, counts_app.url, "--heroku-key", KEY)

    for what in ("heroku key", "heroku calls"):
        assert finding(cli, what)[0] == (
            "ok",
            "not set, and not needed: every app has a key of its own",
        )
    assert finding(cli, "own key")[0][0] == "ok"
    cli("add-app", "shop", counts_app.url, "--no-check")
    for what in ("heroku key", "heroku calls"):
        assert finding(cli, what)[0] == ("FAIL", "HEROKU_API_KEY is not set")

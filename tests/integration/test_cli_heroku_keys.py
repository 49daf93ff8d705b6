"""Apps with a Heroku key of their own, on real servers: set, used, unset."""

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


def test_a_key_is_used_and_never_printed(cli, heroku, foreign, counts_app):
    add = ("add-app", foreign, counts_app.url, "--heroku-key", "-")
    printed = [cli(*add, typed=f"{KEY}\n")]
    printed += [
        cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", foreign), ("check-app", foreign)),
            *(("poll", foreign), ("events",)),
        )
        for form in ((), ("--json",))
    ]
    printed += [cli("export"), cli("doctor", status=1)]

    assert heroku.formation(foreign)["worker"] == 3
    assert {r.account for r in heroku.requests(app=foreign)} == {foreign}
    assert not [text for text in map(str, printed) if "hunter2" in text]
    assert "own key" in printed[1].stdout
    assert "heroku:   own key" in printed[3].stdout
    assert "heroku_key: '***'" in printed[-2].stdout


def test_a_key_is_set_changed_and_unset(cli, heroku, foreign, counts_app):
    cli("add-app", foreign, counts_app.url, "--no-check")
    assert shown(cli, foreign) == "shared key"
    cli("poll", foreign, status=1)
    assert heroku.formation(foreign) == {"worker": 1}
    for typed, status in ((WRONG, 1), (KEY, 0)):
        cli("set-heroku-key", foreign, "-", typed=f"{typed}\n", status=status)

    assert shown(cli, foreign) == "own key"
    assert "own key" in cli("list-apps").stdout
    assert "HEROKU_API_KEY" in cli("unset-heroku-key", foreign).stdout
    assert shown(cli, foreign) == "shared key"


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


def test_each_own_key_is_checked_once_for_one_call(cli, heroku, foreign, counts_app):
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

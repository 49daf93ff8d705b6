"""`add-app` and `move-app`: forms, tokens, brokers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from celery import Celery
from redis import Redis

from devtools.procfile import ROOT
from devtools.redis_server import redis_server
from tests.support.waiting import wait_until

TOKEN = "hunter2-t0ken"
URL = "https://shop.example/counts"
HIREFIRE = "https://shop.example/hirefire"

pytestmark = pytest.mark.usefixtures("hasty_doctor")


def listed(cli):
    return {row["name"]: row for row in cli.data("list-apps")}


def exported(cli):
    return cli("export").stdout


@pytest.fixture(scope="module")
def broker():
    """A Redis with a password, which is told in its URL, and three jobs."""
    with redis_server(config={"requirepass": TOKEN}) as server:
        url = f"redis://:{TOKEN}@127.0.0.1:{server.port}/0"
        with Celery("shop", broker=url, set_as_current=False) as app:
            for _ in range(3):
                app.send_task("pack", queue="default")
        yield url


def test_the_form_is_shown_where_it_is_not_plain(cli):
    cli("add-app", "shop", HIREFIRE, "--no-check")
    cli("add-app", "blog", URL, "--no-check")

    assert f"{HIREFIRE} (hirefire)" in cli("list-apps").stdout
    assert listed(cli)["shop"]["format"] == "hirefire"
    assert listed(cli)["blog"]["format"] == "auto"
    assert "format:   hirefire" in cli("show-app", "shop").stdout
    assert "format" not in cli("show-app", "blog").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--token", TOKEN], {}, id="as it is"),
        pytest.param(["--token", "-"], {"typed": f"{TOKEN}\n"}, id="from a pipe"),
        pytest.param(["--token"], {"typed": f"{TOKEN}\n"}, id="without a value"),
        pytest.param([], {"SCALAR_APP_TOKEN": TOKEN}, id="from the environment"),
    ],
)
def test_a_token_is_taken_sent_and_never_printed(  # noqa: PLR0917 - a table
    each_cli, heroku, name, counts_app, arguments, said
):
    heroku.create_app(name, {"worker": 1})
    counts_app.answer([{"name": "worker", "value": 25}])
    url = f"http://127.0.0.1:{counts_app.port}/hirefire"
    printed = [each_cli("add-app", name, url, *arguments, **said)]
    printed += [
        each_cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", name), ("check-app", name)),
            *(("poll", name), ("events",)),
        )
        for form in ((), ("--json",))
    ]
    printed += [each_cli("export"), each_cli("doctor", status=1)]

    assert {r.headers["HireFire-Token"] for r in counts_app.requests} == {TOKEN}
    assert heroku.formation(name)["worker"] == 3
    assert not [text for text in map(str, printed) if "hunter2" in text]


def test_on_a_terminal_the_token_is_asked_for_and_not_shown(cli, counts_app):
    counts_app.answer([])
    url = f"http://127.0.0.1:{counts_app.port}/hirefire"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "cli.py", "add-app", "shop", url, "--token"],
        cwd=ROOT,
        env={**os.environ, **cli.env, "HEROKU_API_KEY": ""},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"Token:" not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, f"{TOKEN}\n".encode())
    try:
        while more := os.read(ours, 1000):
            shown += more
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)

    assert process.wait(20) == 0
    assert b"Registered shop" in shown
    assert b"hunter2" not in shown
    assert counts_app.requests[0].headers["HireFire-Token"] == TOKEN


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        pytest.param(["redis://h/"], "--queues worker=celery", id="no queues"),
        pytest.param(["--format", "celery"], "URL of the broker", id="no broker"),
        pytest.param([URL, "--format", "celery"], "is no broker", id="http as one"),
        pytest.param([URL, "--queues", "worker=a"], "is no broker", id="queues"),
        pytest.param(
            ["redis://h/", "--queues", "worker"], "PROCESS_TYPE=queue", id="half"
        ),
        pytest.param(
            ["redis://h/", "--queues", "worker=a", "--format", "hirefire"],
            "must be celery",
            id="a broker in another form",
        ),
        pytest.param(
            ["redis://h/", "--queues", "worker=a", "--token", TOKEN],
            "takes no token",
            id="a broker with a token",
        ),
        pytest.param(["--token", URL], "--token took a URL", id="a URL for a token"),
        pytest.param([URL, "--token", ""], "token is empty", id="an empty token"),
        pytest.param([URL, "--token", "-"], "token is empty", id="an empty pipe"),
        pytest.param(
            [f"{HIREFIRE}/{TOKEN}/info#x"], "#fragment", id="a bad URL with a token"
        ),
        pytest.param(
            [f"{HIREFIRE}/{TOKEN}/info", "--token", "other"], "another one", id="two"
        ),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(cli, arguments, rule):
    printed = cli("add-app", "shop", *arguments, "--no-check", status=1)

    assert rule in printed.stderr
    assert len(printed.stderr.splitlines()) == 1
    assert "hunter2" not in str(printed)
    assert listed(cli) == {}


def test_an_argument_too_many_is_not_repeated_with_its_token(cli):
    printed = cli("add-app", "shop", URL, f"{HIREFIRE}/{TOKEN}/info", status=2)

    assert "hunter2" not in str(printed)


def test_an_app_without_a_web_process_is_measured_at_its_broker(  # noqa: PLR0917
    each_cli, heroku, name, broker, counts_app, caplog
):
    heroku.create_app(name, {"worker": 1, "mailer": 2})
    queues = ["--queues", "worker=default,mail", "--queues", "mailer=post"]
    added = each_cli("add-app", name, broker, *queues)
    printed = [
        each_cli(*command, *form)
        for command in (
            *(("poll", name), ("check-app", name), ("show-app", name)),
            *(("list-apps",), ("events",)),
        )
        for form in ((), ("--json",))
    ]

    assert "Found: mailer 0, worker 3, measured at the broker" in added.stdout
    assert heroku.formation(name) == {"worker": 1, "mailer": 0}
    assert "queues:   mailer=post worker=default,mail" in printed[4].stdout
    text = f"{added} {exported(each_cli)} {' '.join(map(str, printed))} {caplog.text}"
    assert "hunter2" not in text


def test_a_broker_that_refuses_holds_the_app_and_its_password_is_not_shown(
    cli, heroku, name, broker
):
    heroku.create_app(name, {"worker": 1})
    wrong = broker.replace(TOKEN, "hunter2-is-wrong")
    printed = [
        cli("add-app", name, wrong, "--queues", "worker=default"),
        *(cli("check-app", name, *form, status=1) for form in ((), ("--json",))),
        *(cli("poll", name, *form, status=1) for form in ((), ("--json",)) * 2),
        *(cli("events", *form) for form in ((), ("--json",))),
        cli("list-apps"),
    ]

    assert "refuses the user or the password" in printed[0].stderr
    assert "refuses the user or the password" in printed[1].stdout
    assert heroku.formation(name) == {"worker": 1}
    assert not [text for text in map(str, printed) if "hunter2" in text]


def test_nothing_is_done_to_the_broker(cli, heroku, name, broker):
    heroku.create_app(name, {"worker": 1})
    with Redis.from_url(broker) as client:
        before = {key: client.type(key) for key in client.scan_iter()}
        cli("add-app", name, broker, "--queues", "worker=default")

        def after():
            return {key: client.type(key) for key in client.scan_iter()}

        jobs = {key for key in before if b"kombu" not in key}
        wait_until(lambda: {key for key in after() if b"kombu" not in key} == jobs)
        assert client.llen("default") == 3


def test_an_app_is_moved_and_its_policies_stay(cli, heroku, name, counts_app):
    heroku.create_app(name, {"worker": 1})
    cli("add-app", name, URL, "--no-check")
    cli("set-policy", name, "worker", "--max", "9")
    counts_app.answer([{"name": "worker", "value": 1}])
    url = f"http://127.0.0.1:{counts_app.port}/hirefire"
    printed = cli("move-app", name, url, "--token", TOKEN)

    assert printed.stdout == (
        f"Moved {name}: {url} (hirefire)\nFound: worker 1, in HireFire's format\n"
    )
    assert "hunter2" not in str(printed)
    values = cli.data("show-app", name)["policies"]["worker"]["values"]
    assert values["max"]["value"] == "9"


def test_an_app_that_is_not_registered_is_not_moved(cli):
    assert "is not registered" in cli("move-app", "shop", URL, status=1).stderr


def test_an_address_that_cannot_be_decrypted_is_replaced_by_moving(cli, name):
    old, new = (cli("make-secret-key").stdout.strip() for _ in range(2))
    cli("add-app", name, URL, "--no-check", SCALAR_SECRET_KEY=old)
    cli.env["SCALAR_SECRET_KEY"] = new
    cli("move-app", name, HIREFIRE, "--no-check")

    assert listed(cli)[name]["url"] == HIREFIRE


def test_tokens_are_encrypted_when_a_key_comes(each_cli, name, tmp_path):
    each_cli("add-app", name, HIREFIRE, "--token", TOKEN, "--no-check")
    each_cli.env["SCALAR_SECRET_KEY"] = each_cli("make-secret-key").stdout.strip()
    assert "plain text" in each_cli("doctor", status=1).stdout

    assert "Encrypted" in each_cli("encrypt-urls").stdout
    assert "URLs are encrypted" in each_cli("doctor", status=1).stdout
    file = tmp_path / "fleet.yaml"
    each_cli("export", str(file))
    assert "token: '***'" in file.read_text()
    assert "Nothing to change" in each_cli("apply", str(file)).stdout

"""`add-app` and `move-app` on real servers: tokens and brokers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from celery import Celery
from redis import Redis
from scalar_agent import celery_silence

from devtools.procfile import ROOT
from devtools.redis_server import redis_server
from tests.support.waiting import wait_until

TOKEN = "hunter2-t0ken"
URL = "https://shop.example/counts"
HIREFIRE = "https://shop.example/hirefire"

pytestmark = pytest.mark.usefixtures("hasty_doctor")


@pytest.fixture(scope="module")
def broker():
    """A Redis with a password, which is told in its URL, and three jobs."""
    with redis_server(config={"requirepass": TOKEN}) as server:
        url = f"redis://:{TOKEN}@127.0.0.1:{server.port}/0"
        with Celery("shop", broker=url, set_as_current=False) as app:
            for _ in range(3):
                app.send_task("pack", queue="default")
        yield url


def test_a_token_is_sent_and_never_printed(cli, heroku, name, counts_app):
    heroku.create_app(name, {"worker": 1})
    counts_app.answer([{"name": "worker", "value": 25}])
    url = f"http://127.0.0.1:{counts_app.port}/hirefire"
    printed = [cli("add-app", name, url, "--token", "-", typed=f"{TOKEN}\n")]
    printed += [
        cli(*command, *form)
        for command in (
            *(("list-apps",), ("show-app", name), ("check-app", name)),
            *(("poll", name), ("events",)),
        )
        for form in ((), ("--json",))
    ]
    printed += [cli("export"), cli("doctor", status=1)]

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


def test_an_app_without_a_web_process_is_measured_at_its_broker(  # noqa: PLR0917
    cli, heroku, name, broker, counts_app, caplog, monkeypatch
):
    monkeypatch.setattr(celery_silence, "RETURN", 0.0)  # as if it had run for a while
    heroku.create_app(name, {"worker": 1, "mailer": 2})
    queues = ["--queues", "worker=default,mail", "--queues", "mailer=post"]
    added = cli("add-app", name, broker, *queues)
    printed = [
        cli(*command, *form)
        for command in (
            *(("poll", name), ("check-app", name), ("show-app", name)),
            *(("list-apps",), ("events",)),
        )
        for form in ((), ("--json",))
    ]

    assert "Found: mailer 0, worker 3, measured at the broker" in added.stdout
    assert heroku.formation(name) == {"worker": 1, "mailer": 0}
    assert "queues:   mailer=post worker=default,mail" in printed[4].stdout
    text = f"{added} {cli('export')} {' '.join(map(str, printed))} {caplog.text}"
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

    assert "user or password refused" in printed[0].stderr
    assert "user or password refused" in printed[1].stdout
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

"""An unchanged app with the current `hirefire-resource` agent is scaled.

Flask under waitress, with Celery jobs in a real Redis.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests
from celery import Celery

from devtools.ports import free_port
from devtools.procfile import ROOT
from devtools.redis_server import redis_server
from devtools.tether import start_tethered
from tests.support.waiting import wait_until

TOKEN = "hunter2-of-hirefire"


def answers(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=1).status_code > 0
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def shop():
    """The port of the app, with three jobs in its queue."""
    port = free_port()
    with redis_server() as broker:
        with Celery("shop", broker=broker.url, set_as_current=False) as celery:
            for _ in range(3):
                celery.send_task("pack", queue="default")
        process = start_tethered(
            [sys.executable, "-m", "tests.support.hirefire_app", str(port), broker.url],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HIREFIRE_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: answers(port), message="the app")
            yield port
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def on_heroku(heroku, name, shop):
    heroku.create_app(
        name,
        {"web": 1, "worker": 0, "late": 1, "mailer": 2},
        web_url=f"http://127.0.0.1:{shop}/",
    )
    return name


FOUND = (
    "Found: late 32.5, mailer unknown (the app says that it does not know), "
    "worker 3, in HireFire's format\n"
)


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        pytest.param(
            ["--format", "hirefire", "--token", TOKEN], "/hirefire", id="the header"
        ),
        pytest.param(["--token", TOKEN], "/hirefire", id="detected"),
        pytest.param(
            ["{base}/hirefire", "--token", TOKEN], "/hirefire", id="the header at a URL"
        ),
        pytest.param(
            [f"{{base}}/hirefire/{TOKEN}/info"], "/hirefire/***/info", id="the path"
        ),
    ],
)
def test_an_app_with_hirefires_agent_is_registered_and_scaled(  # noqa: PLR0917 - a table
    cli, heroku, on_heroku, shop, arguments, url
):
    name, base = on_heroku, f"http://127.0.0.1:{shop}"
    added = cli("add-app", name, *(word.format(base=base) for word in arguments))
    polled = cli("poll", name)

    assert added.stdout == f"Registered {name}: {base}{url} (hirefire)\n{FOUND}"
    assert heroku.formation(name) == {"web": 1, "worker": 1, "late": 4, "mailer": 2}
    printed = [
        *(added, polled, cli("poll", name, "--json"), cli("check-app", name)),
        *(cli("list-apps"), cli("list-apps", "--json"), cli("show-app", name)),
        *(cli("show-app", name, "--json"), cli("events"), cli("export")),
    ]
    assert not [text for text in map(str, printed) if "hunter2" in text]


def test_a_wrong_token_is_reported(cli, on_heroku):
    wrong = ["--format", "hirefire", "--token", "hunter2-is-wrong"]
    added = cli("add-app", on_heroku, *wrong)

    assert "a wrong token" in added.stderr
    assert "hunter2" not in str(added)


def test_the_form_of_older_agents_is_read(cli, heroku, name, counts_app):
    """`quantity` instead of `value`, and a trailing slash: Ruby 0.9, Django."""
    heroku.create_app(name, {"worker": 1, "mailer": 2})
    counts_app.answer(
        [{"name": "worker", "quantity": 25}, {"name": "mailer", "quantity": None}],
        headers={"Content-Type": "application/json"},
    )
    path = f"/hirefire/{TOKEN}/info/"
    cli("add-app", name, f"http://127.0.0.1:{counts_app.port}{path}")
    cli("poll", name)

    assert heroku.formation(name) == {"worker": 3, "mailer": 2}
    assert {request.path for request in counts_app.requests} == {path}

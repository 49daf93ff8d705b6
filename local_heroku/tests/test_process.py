"""The server as a process: its output, its options, its end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from local_heroku.control import LocalHeroku
from local_heroku.process import start


@contextmanager
def running(*options):
    """Start the command and give the process and its first line."""
    command = [sys.executable, "-m", "local_heroku", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_while_a_request_hangs(number):
    with running("--app", "shop") as (process, line):
        found = re.fullmatch(
            r"local heroku listening on (http://127\.0\.0\.1:\d+)\n", line
        )
        heroku = LocalHeroku(found[1])
        heroku.fail("hang")
        with pytest.raises(requests.ReadTimeout):
            ask(heroku, "/apps", timeout=0.1)
        process.send_signal(number)

        assert process.wait(10) == 0
        assert process.stdout.read() == ""


def ask(heroku, path, timeout=5.0):
    headers = {
        "Accept": "application/vnd.heroku+json; version=3",
        "Authorization": f"Bearer {heroku.token}",
    }
    return requests.get(heroku.url + path, headers=headers, timeout=timeout)


def test_apps_of_the_command_line_have_one_web_and_one_worker_dyno():
    with start("shop", "other") as heroku:
        assert [app.name for app in heroku.apps()] == ["shop", "other"]
        assert heroku.formation("other") == {"web": 1, "worker": 1}


def test_a_small_pool_runs_dry():
    with start("shop", pool=2, refill_per_minute=0.01) as heroku:
        statuses = [ask(heroku, "/apps/shop").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_the_log_file_has_each_request_and_no_secret(tmp_path):
    log = tmp_path / "requests.jsonl"
    with start("shop", token="made-up-key", log=log) as heroku:
        ask(heroku, "/apps/shop")
        heroku.fail("reset")
        with pytest.raises(requests.ConnectionError):
            ask(heroku, "/apps/shop/dynos")
    entries = [json.loads(line) for line in log.read_text().splitlines()]

    assert [(e["path"], e["status"], e["fault"]) for e in entries] == [
        ("/apps/shop", 200, None),
        ("/apps/shop/dynos", None, "reset"),
    ]
    assert "made-up-key" not in log.read_text()


def test_a_seed_file_is_put_in_place(tmp_path):
    seed = tmp_path / "seed.json"
    rows = [{"type": "worker", "quantity": 3}]
    seed.write_text(json.dumps({"apps": [{"name": "shop", "formation": rows}]}))
    with start(seed=seed) as heroku:
        assert heroku.formation("shop") == {"worker": 3}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ('{"apps": [{"name": "X"}]}', "lowercase"),
        ('{"apps": [{"nmae": "shop"}]}', "nmae"),
        ('{"accounts": [{}]}', "name"),
    ],
)
def test_a_seed_that_makes_no_sense_ends_it_with_one_line(tmp_path, text, words):
    seed = tmp_path / "seed.json"
    seed.write_text(text)
    command = [sys.executable, "-m", "local_heroku", "--port", "0", "--seed", seed]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_told_in_one_line():
    with start() as heroku:
        port = heroku.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "local_heroku", "--port", port]
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=30
        )

    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr

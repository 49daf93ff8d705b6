"""The server as a process: its options, its output, its end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest
import requests

from local_heroku.control import LocalHeroku
from local_heroku.process import start

COMMAND = (sys.executable, "-m", "local_heroku", "--port", "0")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_even_while_a_request_hangs(call, number):
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            url = re.fullmatch(r"local heroku listening on (http://\S+:\d+)\n", line)[1]
            heroku = LocalHeroku(url)
            heroku.fail("hang")
            with pytest.raises(requests.ReadTimeout):
                call(heroku, "GET", "/apps", timeout=0.1)
            process.send_signal(number)

            assert process.wait(10) == 0
            assert process.stdout.read() == ""
        finally:
            process.kill()


def test_apps_of_the_command_line_have_one_web_and_one_worker_dyno():
    with start("shop", "other") as heroku:
        assert [app.name for app in heroku.apps()] == ["shop", "other"]
        assert heroku.formation("other") == {"web": 1, "worker": 1}


def test_dynos_take_their_time_to_boot_and_to_stop():
    with start("shop", boot_seconds=60, stop_seconds=60) as heroku:
        heroku.scale("shop", {"web": 2, "worker": 0})
        states = {dyno.name: dyno.state for dyno in heroku.dynos("shop")}

    assert states == {"web.1": "up", "web.2": "starting", "worker.1": "stopping"}


def test_a_small_pool_runs_dry(call):
    with start("shop", pool=2, refill_per_minute=0.01) as heroku:
        answers = [call(heroku, "GET", "/apps/shop") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_the_log_file_has_each_request_and_no_secret(tmp_path, call):
    log = tmp_path / "requests.jsonl"
    with start("shop", token="made-up-key", log=log) as heroku:
        call(heroku, "GET", "/apps/shop")
        heroku.fail("reset")
        with pytest.raises(requests.ConnectionError):
            call(heroku, "GET", "/apps/shop/dynos")
    entries = [json.loads(line) for line in log.read_text().splitlines()]

    assert [(entry["path"], entry["status"], entry["fault"]) for entry in entries] == [
        ("/apps/shop", 200, None),
        ("/apps/shop/dynos", None, "reset"),
    ]
    assert "made-up-key" not in log.read_text()


def test_a_seed_file_is_loaded(tmp_path):
    seed = tmp_path / "seed.json"
    rows = [{"type": "worker", "quantity": 3}]
    seed.write_text(json.dumps({"apps": [{"name": "shop", "formation": rows}]}))
    with start(seed=seed) as heroku:
        assert heroku.formation("shop") == {"worker": 3}


def error_at_start(*options):
    """Return what a server that cannot start prints."""
    ended = subprocess.run(
        [*COMMAND, *options], check=False, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("{", "seed.json", id="not JSON"),
        pytest.param('{"apps": [{"nmae": "shop"}]}', "nmae", id="an unknown key"),
        pytest.param('{"accounts": [{}]}', "name", id="a missing key"),
    ],
)
def test_a_bad_seed_file_is_reported_without_a_traceback(tmp_path, text, words):
    seed = tmp_path / "seed.json"
    seed.write_text(text)

    assert words in error_at_start("--seed", seed)


def test_a_port_in_use_is_reported_without_a_traceback(heroku):
    port = heroku.url.rsplit(":", 1)[1]

    assert f"Cannot listen on 127.0.0.1:{port}" in error_at_start("--port", port)

"""`make run`, as a person uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import psutil
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from devtools.procfile import ROOT
from devtools.run import environment, without_secrets
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

KEY = "0123-made-up-key"


@pytest.fixture
def start(tmp_path):
    """Start it with a Heroku that is not there; return the process and its log."""
    started = []
    log = tmp_path / "log"

    def start(**env):
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **env}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "devtools.run"),
                    *("--data", str(tmp_path / "data")),
                    *("--env-file", str(tmp_path / ".env")),
                ],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait(10)


def redis_password(family):
    """Return the password of Redis, which the worker uses and others lack."""
    worker = next(one for one in family if "worker" in one.cmdline())
    url = urlsplit(worker.environ()["REDIS_URL"])
    with Redis.from_url(url.geturl()) as client:
        assert client.ping()
    with Redis(port=url.port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    return url.password


def assert_private(family, data, password):
    """Assert that other users of the machine can read neither password nor data."""
    for one in family:
        assert password not in " ".join(one.cmdline())
    files = [path for path in data.glob("scalar.sqlite3*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert not (data / "redis" / "redis.conf").exists()


@pytest.mark.parametrize(
    ("number", "status"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="SIGTERM", marks=pytest.mark.deep),
        pytest.param(
            *(signal.SIGHUP, 143),
            id="the terminal is closed",
            marks=pytest.mark.deep,
        ),
    ],
)
def test_it_runs_beat_and_worker_and_leaves_nothing_behind(
    start, tmp_path, number, status
):
    (tmp_path / ".env").write_text(f"HEROKU_API_KEY={KEY}\n")
    process, log = start(HEROKU_API_URL="http://127.0.0.1:1", SLEEP_PERIOD="1")
    wait_until(
        lambda: "ready." in log.read_text() and "beat.starts" in log.read_text(),
        message=f"beat and worker: {log.read_text()}",
    )
    family = psutil.Process(process.pid).children(recursive=True)
    assert any("redis-server" in one.name() for one in family)

    password = redis_password(family)
    assert_private(family, tmp_path / "data", password)

    os.killpg(process.pid, number)  # as a terminal does, to the whole group
    assert process.wait(40) == status
    wait_until(lambda: all(is_gone(one.pid) for one in family))

    said = log.read_text()
    assert "Heroku    http://127.0.0.1:1\n" in said
    assert "REDIS_URL is not set" in said
    assert f"Database  sqlite:///{tmp_path}/data/scalar.sqlite3" in said
    assert (tmp_path / "data" / "scalar.sqlite3").exists()
    assert KEY not in said
    assert password not in said


def test_without_a_key_it_says_how_to_get_one(start):
    process, log = start()

    assert process.wait(20) == 2
    assert "HEROKU_API_KEY is not set" in log.read_text()
    assert "heroku authorizations:create" in log.read_text()


def test_a_wrong_setting_is_named(start):
    process, log = start(HEROKU_API_KEY=KEY, SLEEP_PERIOD="often")

    assert process.wait(20) == 2
    assert log.read_text() == (
        "Configuration error: SLEEP_PERIOD = 'often', must be an integer\n"
    )


def test_a_failed_release_starts_nothing(start, tmp_path):
    nowhere = f"sqlite:///{tmp_path}/no/such/folder/file"
    process, log = start(HEROKU_API_KEY=KEY, DATABASE_URL=nowhere)

    assert process.wait(30) != 0
    assert "worker" not in log.read_text()


def test_the_file_wins_over_the_shell_as_in_honcho(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNT_BOUNDARY", "1")
    monkeypatch.setenv("SLEEP_PERIOD", "7")
    file = tmp_path / ".env"
    file.write_text("# ours\nCOUNT_BOUNDARY=100\nREDIS_URL='redis://h/0'\n")

    env = environment(file)
    assert env["COUNT_BOUNDARY"] == "100"
    assert env["SLEEP_PERIOD"] == "7"
    assert env["REDIS_URL"] == "redis://h/0"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rediss://:hunter2@host:6380/0", "rediss://host:6380/0"),
        ("redis://host/0?password=hunter2", "redis://host/0"),
        ("postgresql+psycopg2://u:hunter2@host/db", "postgresql+psycopg2://host/db"),
        ("sqlite:////tmp/file", "sqlite:////tmp/file"),
    ],
)
def test_no_secret_of_a_url_is_shown(url, shown):
    assert without_secrets(url) == shown

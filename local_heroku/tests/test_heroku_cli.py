"""The real Heroku CLI against the local Heroku.

`make test-heroku-cli` installs the CLI (395 MB) and sets HEROKU_CLI to its path;
without that variable these tests are skipped.

The CLI gets its own home directory, with telemetry and updates off, so it talks
to nothing but the local Heroku.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local_heroku.process import start

if "HEROKU_CLI" not in os.environ:
    pytest.skip("HEROKU_CLI is not set: make test-heroku-cli", allow_module_level=True)


@pytest.fixture(scope="module")
def server():
    with start(boot_seconds=0) as heroku:
        yield heroku


@pytest.fixture
def heroku(server):
    server.clear()
    server.create_app("shop", {"web": 1, "worker": 2})
    return server


@pytest.fixture(scope="module")
def cli(server, tmp_path_factory):
    """Run the CLI: `cli("ps", "--app", "shop")`."""
    program = Path(os.environ["HEROKU_CLI"]).resolve(strict=True)
    home = tmp_path_factory.mktemp("home")
    accepted = home / "cache" / "heroku" / "terms-of-service"
    accepted.parent.mkdir(parents=True)
    accepted.touch()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "HEROKU_HOST": server.url,
        "HEROKU_PARTICLEBOARD_URL": server.url,
        "HEROKU_API_KEY": server.token,
        "DISABLE_TELEMETRY": "true",
        "HEROKU_DISABLE_AUTOUPDATE": "1",
        "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
    }

    def run(*arguments, **changed):
        return subprocess.run(
            [program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={**environ, **changed},
            cwd=home,
            timeout=60,
        )

    return run


def test_ps_lists_the_dynos(heroku, cli):
    ended = cli("ps", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    for name in ("web.1: up", "worker.1: up", "worker.2: up"):
        assert name in ended.stdout


def test_ps_scale_shows_the_formation(heroku, cli):
    ended = cli("ps:scale", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    assert sorted(ended.stdout.split()) == ["web=1:Standard-1X", "worker=2:Standard-1X"]


def test_ps_scale_sets_quantities_in_one_write(heroku, cli):
    ended = cli("ps:scale", "web=2", "worker=5", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    assert "now running" in ended.stderr
    assert heroku.formation("shop") == {"web": 2, "worker": 5}
    assert len(heroku.requests(method="PATCH")) == 1


def test_ps_scale_adds_and_removes(heroku, cli):
    ended = cli("ps:scale", "web+1", "worker-1", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    assert heroku.formation("shop") == {"web": 2, "worker": 1}


def test_ps_type_changes_the_size(heroku, cli):
    ended = cli("ps:type", "web=standard-2x", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    assert heroku.sizes("shop") == {"web": "Standard-2X", "worker": "Standard-1X"}


def test_ps_restart_restarts_one_process_type(heroku, cli):
    before = {dyno.id for dyno in heroku.dynos("shop") if dyno.type == "worker"}
    ended = cli("ps:restart", "--process-type", "worker", "--app", "shop")
    after = {d.id for d in heroku.dynos("shop") if d.state != "stopping"}

    assert ended.returncode == 0, ended.stderr
    assert before.isdisjoint(after)


def test_ps_wait_ends_when_the_new_release_is_up(heroku, cli):
    heroku.release("shop")
    ended = cli("ps:wait", "--app", "shop")

    assert ended.returncode == 0, ended.stderr


def test_apps_info_shows_the_app(heroku, cli):
    ended = cli("apps:info", "--app", "shop")

    assert ended.returncode == 0, ended.stderr
    assert "shop" in ended.stdout
    assert heroku.app("shop").web_url in ended.stdout


def test_apps_lists_the_apps(heroku, cli):
    ended = cli("apps")

    assert ended.returncode == 0, ended.stderr
    assert "shop" in ended.stdout


def test_ps_of_an_eco_app_asks_for_its_quota(heroku, cli):
    heroku.create_app("small", {"web": 1}, size="Eco")
    ended = cli("ps", "--app", "small")

    assert ended.returncode == 0, ended.stderr
    assert "web.1: up" in ended.stdout
    assert any("get-quota" in entry.path for entry in heroku.requests())


def test_a_refused_scale_prints_the_error_and_exits_2(heroku, cli):
    ended = cli("ps:scale", "worker=101", "--app", "shop")

    assert ended.returncode == 2
    assert "Cannot run more than 100 Standard-1X size dynos." in ended.stderr
    assert "Error ID: cannot_run_above_limit" in ended.stderr
    assert heroku.formation("shop") == {"web": 1, "worker": 2}


def test_an_empty_pool_prints_the_error_and_exits_2(heroku, cli):
    heroku.set_remaining(0)
    ended = cli("ps:scale", "worker=3", "--app", "shop")

    assert ended.returncode == 2
    assert "Error ID: rate_limit" in ended.stderr


def test_a_wrong_key_exits_1(heroku, cli):
    ended = cli("ps", "--app", "shop", HEROKU_API_KEY="wrong")

    assert ended.returncode == 1

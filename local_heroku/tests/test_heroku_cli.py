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

if "HEROKU_CLI" not in os.environ:
    pytest.skip("HEROKU_CLI is not set: make test-heroku-cli", allow_module_level=True)


pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture(scope="module")
def cli(heroku_server, tmp_path_factory):
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
        "HEROKU_HOST": heroku_server.url,
        "HEROKU_PARTICLEBOARD_URL": heroku_server.url,
        "HEROKU_API_KEY": heroku_server.token,
        "DISABLE_TELEMETRY": "true",
        "HEROKU_DISABLE_AUTOUPDATE": "1",
        "HEROKU_SKIP_NEW_VERSION_CHECK": "true",
    }

    def run(*arguments, status=0, **changed):
        ended = subprocess.run(
            [program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={**environ, **changed},
            cwd=home,
            timeout=60,
        )
        assert ended.returncode == status, ended.stderr
        return ended

    return run


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("ps", ["web.1: up", "worker.1: up", "worker.2: up"]),
        ("ps:scale", ["web=1:Standard-1X", "worker=2:Standard-1X"]),
    ],
)
def test_the_dynos_and_the_formation_are_shown(cli, command, words):
    shown = cli(command, "--app", "shop").stdout

    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize(
    ("quantities", "formation"),
    [
        (["web=2", "worker=5"], {"web": 2, "worker": 5}),
        (["web+1", "worker-1"], {"web": 2, "worker": 1}),
    ],
)
def test_ps_scale_changes_the_formation_in_one_write(
    heroku, cli, quantities, formation
):
    ended = cli("ps:scale", *quantities, "--app", "shop")

    assert "now running" in ended.stderr
    assert heroku.formation("shop") == formation
    assert len(heroku.requests(method="PATCH")) == 1


def test_ps_type_changes_the_size(heroku, cli):
    cli("ps:type", "web=standard-2x", "--app", "shop")

    assert heroku.sizes("shop") == {"web": "Standard-2X", "worker": "Standard-1X"}


def test_ps_restart_restarts_one_process_type(heroku, cli):
    before = {dyno.id for dyno in heroku.dynos("shop")}
    cli("ps:restart", "--process-type", "worker", "--app", "shop")
    kept = [dyno.name for dyno in heroku.dynos("shop") if dyno.id in before]

    assert kept == ["web.1"]


def test_ps_wait_returns_when_the_new_release_is_up(heroku, cli):
    heroku.release("shop")
    cli("ps:wait", "--app", "shop")


def test_apps_info_shows_the_app(heroku, cli):
    assert heroku.app("shop").web_url in cli("apps:info", "--app", "shop").stdout


def test_apps_lists_the_apps(cli):
    assert "shop" in cli("apps").stdout


def test_ps_of_an_eco_app_reads_its_quota(heroku, cli):
    heroku.create_app("small", {"web": 1}, size="Eco")

    assert "web.1: up" in cli("ps", "--app", "small").stdout
    assert any("get-quota" in entry.path for entry in heroku.requests())


def test_a_refused_scale_prints_the_error_and_exits_2(heroku, cli):
    ended = cli("ps:scale", "worker=101", "--app", "shop", status=2)

    assert "Cannot run more than 100 Standard-1X size dynos." in ended.stderr
    assert "Error ID: cannot_run_above_limit" in ended.stderr
    assert heroku.formation("shop") == {"web": 1, "worker": 2}


def test_an_empty_pool_prints_the_error_and_exits_2(heroku, cli):
    heroku.set_remaining(0)

    ended = cli("ps:scale", "worker=3", "--app", "shop", status=2)
    assert "Error ID: rate_limit" in ended.stderr


def test_a_wrong_key_exits_1(cli):
    cli("ps", "--app", "shop", status=1, HEROKU_API_KEY="wrong")

"""`python cli.py` as a process of its own: how it starts, asks and ends."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from devtools.procfile import ROOT
from scalar import __version__
from scalar.cli.main import main
from tests.support.cli import Cli

COMMANDS = sorted(main.commands)


@pytest.fixture
def run(sqlite_url, tmp_path):
    """Run a command in an environment with little in it, from another folder."""

    def run(*arguments, stdin=subprocess.DEVNULL, **settings):
        return subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": sqlite_url, **settings},
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_help_names_every_command(unset):
    listed = unset("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS


def test_a_system_is_set_up_from_nothing(run):
    """From the first command on, in the spelling with an underscore too."""
    first = run("initialise_project")
    added = run("add_app", "shop", "https://shop.example/", "--no-check")

    assert (first.returncode, added.returncode) == (0, 0)
    assert added.stdout == "Registered shop: https://shop.example/\n"
    assert added.stderr == ""


def test_what_cannot_be_done_is_one_line_and_status_1(run):
    done = run("list-apps")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_setting_is_status_2(run):
    done = run("list-apps", SLEEP_PERIOD="often")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Configuration error: SLEEP_PERIOD ")


@pytest.mark.parametrize(
    "settings",
    [
        {"SLEEP_PERIOD": "often"},
        {"SLEEP_PERIOD": "0", "COUNT_BOUNDARY": "-1"},
        {"REDIS_URL": "redis://:hunter2/x@host/0"},
    ],
    ids=["one", "two", "with a password"],
)
def test_a_bad_setting_is_one_line_and_status_2(settings):
    printed = Cli(settings)("list-apps", status=2)

    assert printed.stdout == ""
    assert printed.stderr.startswith(f"Configuration error: {next(iter(settings))} ")
    assert len(printed.stderr.splitlines()) == 1
    assert "hunter2" not in printed.stderr


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        pytest.param("y\n", [], id="yes"),
        pytest.param("\n", ["shop"], id="just Enter"),
    ],
)
def test_at_a_terminal_it_asks_before_it_removes(
    run, sqlite_url, redis_url, typed, left
):
    cli = Cli({"DATABASE_URL": sqlite_url, "REDIS_URL": redis_url})
    cli("initialise-project")
    cli("add-app", "shop", "https://shop.example/", "--no-check")
    master, terminal = pty.openpty()
    os.write(master, typed.encode())
    done = run("del-app", "shop", stdin=terminal, REDIS_URL=redis_url)
    os.close(terminal)
    os.close(master)

    assert "Remove shop? Its dynos stay as they are" in done.stderr
    assert done.returncode == len(left)
    assert [row["name"] for row in cli.data("list-apps")] == left


@pytest.fixture
def unset():
    """Commands in this process, with a setting that would end every other."""
    return Cli({"SLEEP_PERIOD": "wrong"})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help_whatever_the_settings(unset, command):
    said = unset(command, "--help").stdout

    assert said.startswith(f"Usage: cli.py {command} ")
    assert main.commands[command].help.splitlines()[0] in " ".join(said.split())
    assert unset(command, "-h").stdout == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["make-coffee"], "No such command 'make-coffee'", id="a command"),
        pytest.param(["add-app"], "Missing argument 'NAME'", id="no argument"),
        pytest.param(["add-app", "a", "b", "c"], "unexpected extra", id="too many"),
        pytest.param(["list-apps", "--yaml"], "No such option", id="an option"),
    ],
)
def test_what_is_not_understood_is_status_2(unset, arguments, said):
    printed = unset(*arguments, status=2)

    assert said in printed.stderr
    assert printed.stdout == ""


def test_the_version_is_the_projects(unset):
    assert unset("--version").stdout.endswith(f"version {__version__}\n")

"""Lines of a Procfile, run as Heroku runs them."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import psutil
import pytest

from devtools.procfile import ROOT, line, start_process
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

READY = "echo re''ady"


@pytest.fixture
def start(tmp_path):
    """Start a line of a Procfile of the test's own."""
    started = []

    def start(command, env=None):
        procfile = tmp_path / "Procfile"
        procfile.write_text(f"release: true\nweb: {command}\n")
        log = tmp_path / "log"
        started.append(start_process("web", env or {}, log, procfile=procfile))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_the_whole_group_ends(start):
    process = start(f"sleep 100 & sleep 100 & {READY}; wait")
    process.wait_for_log("ready")
    wait_until(lambda: len(process.pids()) == 3, message="two children")
    pids = process.pids()

    assert process.terminate_like_heroku() == -signal.SIGTERM
    assert process.pids() == []
    assert all(map(is_gone, pids))


def test_a_child_in_a_session_of_its_own_ends_too(start):
    process = start(f"setsid sleep 100 & {READY}; wait")
    process.wait_for_log("ready")
    pids = wait_until(lambda: len(process.pids()) == 2 and process.pids())
    process.terminate_like_heroku()

    assert all(map(is_gone, pids))


def test_a_child_may_finish_its_work_after_the_shell_has_ended(start):
    work = "(trap 'sleep 0.3; echo do''ne; exit' TERM; echo re''ady; sleep 100 & wait)"
    process = start(f"{work} & wait")
    process.wait_for_log("ready")
    process.terminate_like_heroku()

    assert "done" in process.log_text()


def test_what_ignores_sigterm_is_killed(start):
    process = start(f"trap '' TERM; {READY}; while :; do sleep 0.1; done")
    process.wait_for_log("ready")

    assert process.terminate_like_heroku(timeout=0.3) == -signal.SIGKILL
    assert process.pids() == []


def test_the_exit_status_is_that_of_the_line(start):
    process = start(f"trap 'exit 7' TERM; {READY}; while :; do sleep 0.1; done")
    process.wait_for_log("ready")

    assert process.terminate_like_heroku() == 7


def test_a_process_that_has_ended_tells_its_status(start):
    process = start("exit 3")
    wait_until(lambda: not process.running)

    assert process.terminate_like_heroku() == 3


def test_only_the_given_variables_and_our_python_are_there(start, monkeypatch):
    monkeypatch.setenv("OF_THE_CALLER", "1")
    process = start("env; which python; pwd; echo re''ady", {"COLOUR": "red"})
    process.wait_for_log("ready")

    lines = process.log_text().splitlines()
    assert "COLOUR=red" in lines
    assert not any(text.startswith("OF_THE_CALLER") for text in lines)
    assert lines[-3:-1] == [f"{Path(sys.executable).parent}/python", str(ROOT)]


def test_what_was_printed_before_the_end_is_found(start):
    process = start("echo goodb''ye")

    assert process.wait_for_log("good.ye") == "goodbye"


def test_what_is_never_printed_is_an_error_that_shows_the_log(start):
    process = start("echo instead; echo errors >&2")
    with pytest.raises(TimeoutError, match=r"(?s)'ready'.*instead.*errors"):
        process.wait_for_log("ready")


def test_a_paused_process_goes_on_when_it_is_resumed(start):
    process = start(f"{READY}; read -t 0.2 < <(sleep 100); echo ne''xt; wait")
    process.wait_for_log("ready")
    process.pause()
    wait_until(
        lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED,
        message="it is frozen",
    )
    process.resume()

    assert process.wait_for_log("next")


def test_a_line_that_is_not_there_is_an_error_that_names_the_others(tmp_path):
    procfile = tmp_path / "Procfile"
    procfile.write_text("release: true\nweb: sleep 1\n")
    with pytest.raises(KeyError, match="no line 'wroker'; it has release, web"):
        line("wroker", procfile)


def test_the_project_has_the_lines_that_heroku_and_make_run_need():
    assert re.match("python cli.py", line("release"))
    assert "beat" in line("beat")
    assert "worker" in line("worker")

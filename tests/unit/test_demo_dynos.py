"""The demo's dynos: which process is started and ended when."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from demo.dynos import GRACE, DynoRunner
from demo.logs import Logs
from demo.parts import PartFailed
from tests.unit.demo_world import dyno


class Process:
    """Runs until a test ends it."""

    def __init__(self):
        self.returncode = None

    def poll(self):
        return self.returncode

    def wait(self, _):
        return self.returncode


class Platform:
    """A runner whose processes are made up; keeps what they were sent."""

    def __init__(self, folder=Path("/nowhere")):
        self.processes = {}
        self.started = []
        self.sent = []
        self.runner = DynoRunner(self._start, Logs(folder), self._send)

    def _start(self, view):
        self.started.append(view.id)
        self.processes[view.id] = Process()
        return self.processes[view.id]

    def _send(self, process, number):
        (dyno_id,) = (key for key, one in self.processes.items() if one is process)
        self.sent.append((dyno_id, number))


def test_a_process_for_each_dyno_that_starts():
    platform = Platform()
    platform.runner.follow([dyno("web.1"), dyno("worker.1", "starting")], 0)
    platform.runner.follow([dyno("web.1"), dyno("worker.1", "up")], 1)

    assert platform.started == ["id of web.1", "id of worker.1"]
    assert platform.sent == []


@pytest.mark.parametrize(
    "then", [[dyno("worker.1", "stopping")], []], ids=["it stops", "it is gone"]
)
def test_a_dyno_that_stops_gets_sigterm_once(then):
    platform = Platform()
    platform.runner.follow([dyno("worker.1")], 0)
    platform.runner.follow(then, 1)
    platform.runner.follow([], 2)

    assert platform.sent == [("id of worker.1", signal.SIGTERM)]


def test_a_dyno_that_does_not_end_is_killed_after_the_grace():
    platform = Platform()
    platform.runner.follow([dyno("worker.1")], 0)
    platform.runner.follow([], 10)
    platform.runner.follow([], 10 + GRACE - 0.1)
    assert platform.sent == [("id of worker.1", signal.SIGTERM)]

    platform.runner.follow([], 10 + GRACE)
    assert platform.sent[1:] == [("id of worker.1", signal.SIGKILL)]


def test_a_dyno_that_has_ended_after_sigterm_is_forgotten():
    platform = Platform()
    platform.runner.follow([dyno("worker.1")], 0)
    platform.runner.follow([], 1)
    platform.processes["id of worker.1"].returncode = 0
    platform.runner.follow([], 2)
    platform.runner.follow([], 100)

    assert platform.sent == [("id of worker.1", signal.SIGTERM)]


def test_another_dyno_of_the_same_name_is_another_process():
    platform = Platform()
    platform.runner.follow([dyno("worker.1", dyno_id="old")], 0)
    both = [dyno("worker.1", "stopping", "old"), dyno("worker.1", "starting", "new")]
    platform.runner.follow(both, 1)

    assert platform.started == ["old", "new"]
    assert platform.sent == [("old", signal.SIGTERM)]


def test_a_dyno_that_ends_by_itself_fails_the_demo_with_its_last_words(tmp_path):
    platform = Platform(tmp_path)
    (tmp_path / "shop-worker.1.log").write_text("no such queue\n")
    platform.runner.follow([dyno("worker.1")], 0)
    platform.processes["id of worker.1"].returncode = 3

    with pytest.raises(PartFailed) as caught:
        platform.runner.follow([dyno("worker.1")], 1)
    assert str(caught.value) == (
        "dyno worker.1 ended by itself with status 3\n"
        "The last lines of its log:\n    no such queue"
    )


def test_at_the_end_all_are_killed():
    platform = Platform()
    platform.runner.follow([dyno("web.1"), dyno("worker.1")], 0)
    platform.runner.kill()

    assert platform.sent == [
        ("id of web.1", signal.SIGKILL),
        ("id of worker.1", signal.SIGKILL),
    ]

"""The demo starts and stops a process for each dyno."""

from __future__ import annotations

import signal
import subprocess

import pytest

from devtools.dynos import GRACE, DynoRunner
from devtools.logs import Logs
from devtools.parts import PartFailed
from local_heroku.control import DynoView

TERM, KILL = signal.SIGTERM, signal.SIGKILL


def dyno(dyno_id, state="up"):
    own = {"id": dyno_id, "name": "worker.1", "type": "worker", "state": state}
    rest = {"size": "", "command": "", "created_at": "", "updated_at": ""}
    return DynoView(**own, **rest, release=1)


class Platform:
    """A runner of real processes that only records the signals it sends."""

    def __init__(self, folder):
        self.processes, self.sent = {}, []
        self.runner = DynoRunner(self._start, Logs(folder), self._send)

    def follow(self, *dynos, now=0):
        self.runner.follow(dynos, now)

    def exit(self, dyno_id):
        self.processes[dyno_id].kill()
        self.processes[dyno_id].wait()

    def _start(self, view):
        assert view.id not in self.processes
        self.processes[view.id] = subprocess.Popen(["sleep", "60"])
        return self.processes[view.id]

    def _send(self, process, number):
        (dyno_id,) = (key for key, one in self.processes.items() if one is process)
        self.sent.append((dyno_id, number))


@pytest.fixture
def platform(tmp_path):
    platform = Platform(tmp_path)
    yield platform
    for dyno_id in platform.processes:
        platform.exit(dyno_id)


def test_each_dyno_has_one_process(platform):
    platform.follow(dyno("a", "starting"), dyno("b"))
    platform.follow(dyno("a", "up"), dyno("b"))

    assert list(platform.processes) == ["a", "b"]
    assert platform.sent == []


@pytest.mark.parametrize(
    "then", [[dyno("a", "stopping")], []], ids=["stopping", "gone"]
)
def test_one_sigterm_then_sigkill_after_the_grace_period(platform, then):
    platform.follow(dyno("a"))
    platform.follow(*then, now=10)
    platform.follow(now=10 + GRACE - 0.1)
    assert platform.sent == [("a", TERM)]

    platform.follow(now=10 + GRACE)
    assert platform.sent == [("a", TERM), ("a", KILL)]


def test_a_process_that_exits_after_sigterm_is_forgotten(platform):
    platform.follow(dyno("a"))
    platform.follow(now=1)
    platform.exit("a")
    platform.follow(now=2)
    platform.follow(now=100)

    assert platform.sent == [("a", TERM)]


def test_a_restarted_dyno_of_the_same_name_gets_a_new_process(platform):
    platform.follow(dyno("old"))
    platform.follow(dyno("old", "stopping"), dyno("new", "starting"))

    assert list(platform.processes) == ["old", "new"]
    assert platform.sent == [("old", TERM)]


def test_a_dyno_that_exits_by_itself_fails_the_demo_and_quotes_its_log(
    platform, tmp_path
):
    (tmp_path / "shop-worker.1.log").write_text("no such queue\n")
    platform.follow(dyno("a"))
    platform.exit("a")

    with pytest.raises(PartFailed) as caught:
        platform.follow(dyno("a"))
    assert str(caught.value) == (
        "dyno worker.1 exited with status -9; its log ends:\n    no such queue"
    )

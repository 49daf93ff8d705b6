"""`make demo`, as a person uses it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time

import psutil
import pytest

from demo.shop import WAVE_SECONDS
from devtools.procfile import ROOT
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

pytestmark = pytest.mark.deep

SHORTEST = WAVE_SECONDS + 2
DEMO = (sys.executable, "-m", "demo")
#: Takes over the terminal on standard input, and becomes the demo.
IN_TERMINAL = f"""\
import fcntl, os, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv({DEMO[0]!r}, {list(DEMO)!r})
"""


@pytest.fixture
def environ(tmp_path):
    """A minimal environment, with the demo's folder below `tmp_path`."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def start(tmp_path, environ):
    """Start the demo without a terminal; return the process and its log."""
    started = []

    def start(**env):
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                DEMO,
                cwd=ROOT,
                env={**environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return process, log

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def family_of(process):
    return psutil.Process(process.pid).children(recursive=True)


def assert_nothing_is_left(family, tmp_path):
    wait_until(lambda: all(is_gone(one.pid) for one in family))
    wait_until(lambda: not list(tmp_path.glob("scalar-demo-*")))


def test_the_dynos_follow_the_counts(start, tmp_path):
    process, log = start(DEMO_SECONDS=str(SHORTEST))
    wait_until(lambda: "Local Heroku" in log.read_text())
    family = family_of(process)
    status = process.wait(SHORTEST + 90)
    output = log.read_text()

    assert status == 0, output
    assert f"Until then the logs are in {tmp_path}/scalar-demo-" in output
    assert re.search(r"\nshop  .* http://demo:\*\*\*@127.0.0.1:\d+/", output)
    assert "The dynos followed the counts." in output
    for name, least in (("worker", 4), ("mailer", 2)):
        numbers = re.search(
            rf"^{name} +(\d+) +(\d+) +(\d+) +(\d+) ", output, re.MULTILINE
        )
        count, dynos, ups, downs = map(int, numbers.groups())
        assert count > 5 * (least - 1)
        assert dynos >= least
        assert ups >= 2  # from 0 to some, and to more
        assert downs >= 1
        last = [line for line in output.splitlines() if " | " in line][-1]
        assert f"{name}: count  0, dynos none" in last
    enqueued, done = re.search(r"Jobs: (\d+) enqueued, (\d+) done", output).groups()
    assert int(enqueued) == int(done) > 0
    calls = re.search(r"of the scaler: (\d+) reading, (\d+) changing", output)
    # The formation, once; the app's mode before the first start of each process type,
    # which Heroku began at 0.
    assert 2 <= int(calls[1]) <= 3
    assert 4 <= int(calls[2]) <= output.count(" decision ")  # one for both, at times
    assert_nothing_is_left(family, tmp_path)


def test_sigterm_ends_everything(start, tmp_path):
    process, log = start(DEMO_SECONDS="60")
    wait_until(lambda: "dynos 1 starting" in log.read_text(), timeout=60)
    family = family_of(process)
    names = " ".join(" ".join(one.cmdline()) for one in family)
    parts = ("redis", "local_heroku", "flask_app", "jobs worker", "scalar.tasks beat")
    assert all(part in names for part in parts)

    process.terminate()
    assert process.wait(20) == 143
    assert_nothing_is_left(family, tmp_path)
    assert "Traceback" not in log.read_text()


def test_ctrl_c_during_the_start_ends_everything(start, tmp_path):
    process, log = start()
    wait_until(lambda: "The app" in log.read_text())
    family = family_of(process)

    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(20) == 130
    assert_nothing_is_left(family, tmp_path)


def test_a_part_that_dies_fails_the_demo(start, tmp_path):
    process, log = start()
    wait_until(lambda: " decision " in log.read_text(), timeout=60)
    family = family_of(process)
    for one in family:
        if "scalar.tasks beat" in " ".join(one.cmdline()):
            one.kill()

    assert process.wait(20) == 1
    assert "The demo failed: the scaler's beat exited; its log ends:" in log.read_text()
    assert_nothing_is_left(family, tmp_path)


def test_in_a_terminal_it_draws_the_screen_until_ctrl_c(tmp_path, environ):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", IN_TERMINAL],
        cwd=ROOT,
        env=environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        drawn = read_until(master, r"worker.*dynos: 1 starting")
        family = family_of(process)
        os.write(master, b"\x03")
        output = read_until(master, r"Next: ")

        assert process.wait(20) == 1
        assert "Heroku is simulated here: no account is needed" in drawn
        assert "\x1b[?1049h" in drawn  # the alternate screen
        assert "\x1b[?1049l" in output.partition("After ")[0]  # and back
        assert "The dynos were not seen to follow the counts:" in output
        assert "worker: it did not scale back to 0" in output
        assert_nothing_is_left(family, tmp_path)
    finally:
        process.kill()
        process.wait(10)
        os.close(master)


def read_until(terminal, pattern, seconds=60):
    """Return what the terminal shows, up to a pattern."""
    os.set_blocking(terminal, False)
    end, text = time.monotonic() + seconds, ""
    while not re.search(pattern, text):
        assert time.monotonic() < end, f"{pattern!r} was not shown:\n{text}"
        try:
            text += os.read(terminal, 65536).decode(errors="replace")
        except BlockingIOError:
            time.sleep(0.02)
    return text


def test_a_bad_duration_is_refused(start):
    process, log = start(DEMO_SECONDS=str(SHORTEST - 1))

    assert process.wait(20) == 2
    assert "DEMO_SECONDS" in log.read_text()
    assert f"is not in the range {SHORTEST}<=x<=86400" in log.read_text()

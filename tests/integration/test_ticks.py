"""When beat ticks, in real processes: `beat`, and the beat thread of a worker."""

from __future__ import annotations

import os

import pytest
from redis import Redis

from chaos.faults.clock import library
from devtools.procfile import ProcfileProcess, line
from scalar.adapters.redis.connection import PREFIX
from tests.support.waiting import wait_until

HOUR = 3_600
#: Seconds for a start, which is slow with libfaketime on a busy machine.
PATIENCE = 60
#: The worker does not consume the ticks, so that the test can read them.
LINES = {
    "beat": line("beat"),
    "all-in-one": line("all-in-one").replace("--queues tick,poll", "--queues poll"),
}


@pytest.fixture(params=LINES)
def start(request, tmp_path, redis_url):
    """Start beat in one of the two ways."""

    def run(period, **more):
        env = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": f"sqlite:///{tmp_path}/registry.sqlite3",
            "REDIS_URL": redis_url,
            "SLEEP_PERIOD": str(period),
            "WORKER_CONCURRENCY": "1",
            **more,
        }
        return ProcfileProcess(LINES[request.param], env, tmp_path / "log")

    return run


@pytest.fixture
def ticks(redis_url):
    """Return how many ticks were sent."""
    with Redis.from_url(redis_url) as client:
        yield lambda: client.llen(f"{PREFIX}celery:tick")


def test_the_first_tick_is_sent_at_once_even_after_a_restart(start, ticks):
    """Otherwise nothing would be polled for a period."""
    for starts in (1, 2):
        with start(HOUR) as process:
            wait_until(lambda: ticks() == starts, timeout=PATIENCE)  # noqa: B023
            assert process.terminate_like_heroku() == 0


@pytest.mark.deep
@pytest.mark.skipif(library() is None, reason="libfaketime is not installed")
def test_ticks_continue_after_the_clock_is_set_back_and_beat_is_restarted(
    start, ticks, tmp_path
):
    """By the time of day, the next tick would be due in an hour."""
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    faked = {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        # As on a real machine, setting the clock does not change the uptime.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with start(1, **faked):
        wait_until(lambda: ticks() >= 2, timeout=PATIENCE)
        (tmp_path / "new").write_text(f"-{HOUR}\n")
        (tmp_path / "new").replace(clock)
        before = ticks()
        # The first two may be sent before the new time is read.
        wait_until(lambda: ticks() >= before + 5, timeout=PATIENCE)
    before = ticks()
    with start(1, **faked):
        wait_until(lambda: ticks() >= before + 2, timeout=PATIENCE)

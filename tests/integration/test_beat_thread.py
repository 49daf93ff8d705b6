"""Beat as a thread of the worker, in real processes."""

from __future__ import annotations

import os

import pytest

from devtools.procfile import ROOT, line, start_process
from tests.support.waiting import wait_until

BROKEN_BEAT = '''
"""The project's Celery app, with a beat that breaks at its first tick."""

from scalar.worker import _beat_thread
from scalar.tasks import app


class Broken(_beat_thread.PooledScheduler):
    def tick(self, *_args, **_kwargs):
        raise RuntimeError("beat is broken")


_beat_thread.PooledScheduler = Broken
'''


@pytest.fixture
def start(tmp_path, redis_url):
    """Run the Procfile line `all-in-one`, with our Celery app or the test's own."""

    def run(celery_app="scalar.tasks"):
        command = line("all-in-one").replace("scalar.tasks", celery_app)
        procfile = tmp_path / "Procfile"
        procfile.write_text(f"all-in-one: {command}\n")
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
            "DATABASE_URL": f"sqlite:///{tmp_path}/registry.sqlite3",
            "REDIS_URL": redis_url,
            "SLEEP_PERIOD": "1",
        }
        return start_process("all-in-one", env, tmp_path / "log", procfile=procfile)

    return run


def test_the_worker_ends_when_beat_fails(start, tmp_path):
    """Heroku then restarts the dyno; otherwise nothing would be polled."""
    (tmp_path / "broken.py").write_text(BROKEN_BEAT)
    with start("broken") as process:
        process.wait_for_log("beat.ended")
        wait_until(lambda: not process.running)

        assert "RuntimeError: beat is broken" in process.log_text()


def test_a_stopping_worker_stops_beat_first(start):
    with start() as process:
        process.wait_for_log("tick.failed")  # there is no schema; beat is at work

        assert process.terminate_like_heroku() == 0
        assert "beat.ended" not in process.log_text()

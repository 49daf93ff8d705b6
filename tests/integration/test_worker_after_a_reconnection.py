"""A worker fetches messages at full speed again after Redis was unavailable."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.acceptance.system import System
from tests.integration.test_forged_messages import QUEUE, call
from tests.support.waiting import wait_until

#: Many times the worker's prefetch window, which is one message per thread.
MESSAGES = 800


@pytest.fixture
def worker(tmp_path, own_redis, heroku, counts_app):
    """A worker with few threads and no beat."""
    url = f"sqlite:///{tmp_path}/registry.sqlite3"
    settings = {"WORKER_CONCURRENCY": "4"}
    with System(tmp_path, own_redis, heroku, counts_app, url, settings) as system:
        yield system.start("worker")[0]


@pytest.mark.deep
def test_free_threads_wake_the_event_loop_after_a_reconnection(worker, own_redis):
    """By itself the loop wakes once a second; at that rate this would take 200 s."""
    own_redis.restart()
    wait_until(lambda: worker.log_text().count("Connected to redis") == 2, timeout=60)

    with Redis.from_url(own_redis.url) as client:
        client.lpush(QUEUE, *[call(1, "shop", 1, "t") for _ in range(MESSAGES)])
        wait_until(lambda: not client.llen(QUEUE), timeout=100)
    assert worker.running

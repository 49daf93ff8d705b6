"""CeleryJobs and its connection: failures, threads, forks, secrets, arguments."""

from __future__ import annotations

import logging
import os
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from celery import Celery
from redis import Redis

from agent.tests.situations.counted_app import Settings, make_app
from devtools.ports import free_port
from scalar_agent.celery import CeleryJobs
from scalar_agent.celery_parts import next_eta

WORKER = {"worker": ["celery"]}


def send(app, times=1):
    for _ in range(times):
        app.send_task("hold")


@pytest.fixture
def app(redis_url, tmp_path):
    return make_app(Settings(redis_url, str(tmp_path)))


def test_everything_is_unknown_while_redis_is_down(own_redis, tmp_path):
    app = make_app(Settings(own_redis.url, str(tmp_path)))
    jobs = CeleryJobs(app, WORKER, busy_dynos=True)
    send(app, 2)
    assert jobs.measure()["worker"].count == 2

    own_redis.stop()
    work = jobs.measure()["worker"]
    assert (work.count, work.latency, work.stranded) == (None, None, None)
    assert set(work.unknown) == {
        "count",
        "latency",
        "next_eta",
        "stranded",
        "busy_dynos",
    }

    own_redis.start()
    send(app, 3)
    assert jobs.measure()["worker"].count == 3


def test_a_restart_between_two_polls_is_not_noticed(own_redis, tmp_path):
    app = make_app(Settings(own_redis.url, str(tmp_path)))
    jobs = CeleryJobs(app, WORKER)
    assert jobs.measure()["worker"].count == 0
    own_redis.restart()
    send(app)

    assert jobs.measure()["worker"].count == 1


def test_a_redis_that_hangs_is_not_waited_for(own_redis, tmp_path):
    app = make_app(Settings(own_redis.url, str(tmp_path)))
    jobs = CeleryJobs(app, WORKER)
    jobs.measure()
    own_redis.pause()
    try:
        assert jobs.measure()["worker"].count is None
    finally:
        own_redis.resume()


def test_threads_share_one_connection(own_redis, tmp_path):
    app = make_app(Settings(own_redis.url, str(tmp_path)))
    jobs = CeleryJobs(app, WORKER)
    send(app, 4)
    with Redis.from_url(own_redis.url) as client:
        jobs.measure()
        with_one_poll = len(client.client_list())
        with ThreadPoolExecutor(8) as threads:
            works = list(threads.map(lambda _: jobs.measure()["worker"], range(16)))

        assert {work.count for work in works} == {4}
        assert len(client.client_list()) == with_one_poll


def test_nothing_is_left_behind_in_redis(app, redis_url):
    jobs = CeleryJobs(app, WORKER)
    jobs.measure()

    with Redis.from_url(redis_url) as client:
        assert [key for key in client.scan_iter() if b"reply" in key] == []


def test_a_forked_process_measures_by_itself(app):
    jobs = CeleryJobs(app, WORKER)
    send(app, 3)
    assert jobs.measure()["worker"].count == 3
    reader, writer = os.pipe()
    jobs._lock.acquire()  # another thread is measuring while this one forks
    child = os.fork()
    if child:
        jobs._lock.release()
    else:
        try:
            os.write(writer, str(jobs.measure()["worker"].count).encode())
        finally:
            os._exit(0)
    has_answered, _, _ = select.select([reader], [], [], 10)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    answer = os.read(reader, 10) if has_answered else None
    os.close(reader)
    os.close(writer)

    assert answer == b"3"
    assert jobs.measure()["worker"].count == 3


def test_the_password_is_not_shown(caplog):
    caplog.set_level(logging.DEBUG, "scalar_agent")
    app = Celery("shop", broker="redis://:hunter2@127.0.0.1:1/0")
    jobs = CeleryJobs(app, WORKER)
    work = jobs.measure()["worker"]

    assert work.count is None
    assert "cannot measure Celery's jobs" in caplog.text
    assert "hunter2" not in caplog.text + repr(jobs) + repr(work)


@pytest.mark.parametrize(
    ("url", "options", "word"),
    [
        ("memory://", {}, "memory"),
        ("redis://127.0.0.1:1/0", {"ack_emulation": False}, "ack_emulation"),
    ],
)
def test_an_unsupported_broker_is_named(url, options, word):
    app = Celery(broker=url, broker_transport_options=options)

    assert word in CeleryJobs(app, WORKER).measure()["worker"].unknown["count"]


def test_no_job_for_later_differs_from_not_knowing_of_one():
    unknown: dict[str, str] = {}
    seen = SimpleNamespace(why_no_etas="1 of 2 workers did not answer")

    assert next_eta(frozenset(["a"]), 0, cast("Any", seen), unknown) is None
    assert unknown == {"next_eta": "1 of 2 workers did not answer"}


def test_one_broker_of_several_is_enough(own_redis, tmp_path):
    gone = f"redis://127.0.0.1:{free_port()}/0"
    app = make_app(Settings(f"{gone};{own_redis.url}", str(tmp_path)))
    with Redis.from_url(own_redis.url) as client:
        here = make_app(Settings(own_redis.url, str(tmp_path)))
        send(here, 3)
        assert client.llen("celery") == 3

    assert CeleryJobs(app, WORKER).measure()["worker"].count == 3


def test_what_redis_refuses_leaves_the_rest_known(own_redis, tmp_path):
    app = make_app(Settings(own_redis.url, str(tmp_path), acks_late=True))
    send(app, 3)
    jobs = CeleryJobs(app, WORKER, busy_dynos=True)
    with Redis.from_url(own_redis.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 100_000)
        work = jobs.measure()["worker"]

    assert work.count == 3
    assert work.unknown == {
        "busy_dynos": "Redis refuses to ask the workers: it is full (maxmemory)"
    }

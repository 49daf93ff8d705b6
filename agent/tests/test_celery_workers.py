"""CeleryJobs while real workers run on a real Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from celery import VERSION
from redis import Redis

from agent.tests.situations.counted_app import LET_GO, Settings, make_app
from agent.tests.situations.waiting import PATIENCE, wait_until
from agent.tests.situations.worker import ROOT, Worker
from scalar_agent.celery import CeleryJobs

QUEUES = {"worker": ["celery"]}
PREFORK = ("--concurrency=2",)
THREADS = ("--pool=threads", "--concurrency=2")
SOLO = ("--pool=solo",)
CLOSING = "#closing"


@pytest.fixture
def in_redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def started(tmp_path):
    workers = []

    def start(settings, *options, dyno="worker.2"):
        log = tmp_path / f"{dyno}-{len(workers)}.log"
        worker = Worker(dyno, options, settings.environment, log)
        workers.append(worker)
        worker.wait_for(" ready.")
        return worker

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
def settings(redis_url, tmp_path):
    def make(**options):
        return Settings(redis_url, str(tmp_path), **options)

    return make


def send(app, times, **options):
    for _ in range(times):
        app.send_task("hold", **options)


def wait_running(tmp_path, times):
    wait_until(lambda: len([*tmp_path.glob("*.running")]) == times, f"{times} run")


def busy_worker(settings, started, tmp_path, in_redis, *pool):
    """Start a worker that runs 2 jobs and holds 4; return its app and itself."""
    app = make_app(settings)
    worker = started(settings, *pool)
    send(app, 6)
    wait_running(tmp_path, 2)
    unacked = 6 if settings.acks_late else 4
    wait_until(lambda: in_redis.hlen("unacked") == unacked, "the 6 are taken")
    return app, worker


@pytest.mark.parametrize("pool", [PREFORK, THREADS], ids=["prefork", "threads"])
def test_a_worker_still_answers_while_it_shuts_down(
    settings, started, tmp_path, in_redis, pool
):
    app, worker = busy_worker(settings(), started, tmp_path, in_redis, *pool)
    kept = CeleryJobs(app, QUEUES)
    assert kept.measure()["worker"].count == 6
    worker.begin_shutdown()
    bindings = "_kombu.binding.celery.pidbox"
    wait_until(
        lambda: (
            [CLOSING.encode() in name for name in in_redis.smembers(bindings)] == [True]
        ),
        "the worker has left remote control, and its deputy has joined",
    )

    for jobs in (kept, CeleryJobs(app, QUEUES)):
        work = jobs.measure()["worker"]
        # Its dyno is being removed, or restarted, whatever it runs.
        assert (work.count, work.busy_dynos, work.stranded) == (6, (), 0)

    (tmp_path / LET_GO).touch()
    wait_until(lambda: not in_redis.exists(bindings), "its deputy has left")
    wait_until(lambda: not in_redis.exists("unacked"), "the others are requeued")
    work = kept.measure()["worker"]
    assert work.count == in_redis.llen("celery")
    assert (work.busy_dynos, work.stranded) == ((), 0)


def test_a_worker_without_the_agent_is_missing_while_it_may_shut_down(
    settings, started, tmp_path, in_redis
):
    without = settings(has_agent=False)
    app, worker = busy_worker(without, started, tmp_path, in_redis, *THREADS)
    jobs = CeleryJobs(app, QUEUES, time_to_end=3)
    assert jobs.measure()["worker"].count == 6
    worker.begin_shutdown()
    wait_until(
        lambda: not in_redis.exists("_kombu.binding.celery.pidbox"), "it has left"
    )

    for each in (jobs, CeleryJobs(app, QUEUES)):
        work = each.measure()["worker"]
        assert (work.count, work.at_least, work.stranded) == (None, 4, None)

    worker.kill()
    wait_until(
        lambda: jobs.measure()["worker"].count == 4, "its time to shut down is over"
    )
    assert jobs.measure()["worker"].stranded == 4


@pytest.mark.parametrize("late", [True, False], ids=["late-acks", "early-acks"])
def test_a_busy_solo_worker_need_not_answer(
    settings, started, tmp_path, in_redis, late
):
    made = settings(acks_late=late)
    app = make_app(made)
    started(made, *SOLO)
    send(app, 3)
    wait_running(tmp_path, 1)

    work = CeleryJobs(app, QUEUES, pool="solo", inspect_timeout=0.2).measure()
    assert work["worker"].count == 3

    by_process = CeleryJobs(app, QUEUES, pool={"worker": "solo"}, inspect_timeout=0.2)
    assert by_process.measure()["worker"].count == 3

    work = CeleryJobs(app, QUEUES, busy_dynos=True, inspect_timeout=0.2).measure()
    reason = "1 of 1 workers did not answer within 0.2 s"
    # It has said in Redis which pool it has.
    assert (work["worker"].count, work["worker"].unknown["busy_dynos"]) == (3, reason)


def test_a_silent_worker_makes_the_count_unknown(settings, started, tmp_path, in_redis):
    app, worker = busy_worker(settings(), started, tmp_path, in_redis, *THREADS)
    started(settings(), *THREADS, dyno="worker.1")
    worker.freeze()
    work = CeleryJobs(app, QUEUES, inspect_timeout=0.3).measure()["worker"]

    assert (work.count, work.at_least) == (None, 4)
    assert work.unknown["count"] == "1 of 2 workers did not answer within 0.3 s"


def test_busy_dynos_are_named(settings, started, tmp_path, in_redis):
    made = settings(acks_late=True)
    app, _ = busy_worker(made, started, tmp_path, in_redis, *THREADS)
    started(made, *THREADS, dyno="mailer.1")
    queues = {**QUEUES, "mailer": ["mail"]}
    asked = CeleryJobs(app, queues, busy_dynos=True).measure()

    assert asked["worker"].busy_dynos == ("worker.2",)
    assert asked["mailer"].busy_dynos == ()
    not_asked = CeleryJobs(app, queues).measure()["worker"]
    assert (not_asked.busy_dynos, not_asked.unknown) == (None, {})


def test_workers_without_a_dyno_in_their_names_make_busy_dynos_unknown(
    settings, started, tmp_path, in_redis
):
    app = make_app(settings())
    started(settings(), *THREADS, dyno="celery")
    work = CeleryJobs(app, QUEUES, busy_dynos=True).measure()["worker"]

    assert work.busy_dynos is None
    assert "--hostname=$DYNO@%h" in work.unknown["busy_dynos"]

    not_asked = CeleryJobs(app, QUEUES).measure()["worker"]

    assert (not_asked.busy_dynos, not_asked.unknown) == (None, {})


def test_workers_of_other_apps_are_not_mistaken_for_ours(
    settings, started, tmp_path, in_redis
):
    here = make_app(settings(acks_late=True, prefix="here:"))
    there = settings(acks_late=True, prefix="there:")
    worker = started(settings(acks_late=True, prefix="here:"), *THREADS)
    send(here, 2)
    wait_running(tmp_path, 2)
    worker.kill()
    started(there, *THREADS, dyno="worker.1")
    wait_until(
        lambda: in_redis.publish("here:/0.celery.pidbox", "{}") == 0, "nobody listens"
    )
    work = CeleryJobs(here, QUEUES).measure()["worker"]

    assert (work.count, work.stranded) == (2, 2)


@pytest.mark.skipif(VERSION < (5, 7), reason="beat listens since Celery 5.7")
def test_a_beat_that_listens_is_not_a_worker(settings, tmp_path, in_redis):
    app = make_app(settings())
    command = [sys.executable, "-m", "celery"]
    command += ["-A", "agent.tests.situations.counted_app:app", "beat"]
    command += ["--enable-remote-control", f"--schedule={tmp_path / 'schedule'}"]
    beat = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings().environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: in_redis.pubsub_numpat() == 1, "it listens")
        jobs = CeleryJobs(app, QUEUES, inspect_timeout=0.3)

        for _ in range(2):
            work = jobs.measure()["worker"]
            assert (work.count, work.busy_dynos) == (0, ())
    finally:
        beat.kill()
        beat.wait()


@pytest.mark.parametrize("pool", [PREFORK, THREADS], ids=["prefork", "threads"])
def test_workers_on_dynos_to_be_removed_take_no_new_jobs(
    settings, started, tmp_path, pool
):
    """Otherwise one could take a job after it was found idle."""
    app = make_app(settings())
    for dyno in ("worker.1", "worker.2", "worker.3"):
        started(settings(), *pool[:-1], "--concurrency=1", dyno=dyno)
    jobs = CeleryJobs(app, QUEUES, busy_dynos=True)
    jobs.measure()  # now it knows that they have the agent

    assert jobs.measure_before_removal({"worker": 1})["worker"].busy_dynos == ()

    send(app, 3)
    wait_until(lambda: jobs.measure()["worker"].busy_dynos, "one of them works")
    work = jobs.measure_before_removal({"worker": 1})["worker"]

    assert work.busy_dynos == ("worker.1",)
    assert work.count == 3


def test_a_quiesced_worker_stays_so_until_heroku_has_stopped_it(
    settings, started, tmp_path
):
    """Heroku's SIGTERM takes a while to arrive; an early resumption takes a job."""
    app = make_app(settings())
    started(settings(), *PREFORK, dyno="worker.2")
    jobs = CeleryJobs(app, QUEUES, busy_dynos=True)
    wait_until(lambda: jobs.measure()["worker"].count == 0, "it is heard")
    jobs.measure_before_removal({"worker": 1})
    send(app, 1)
    end = time.monotonic() + 2

    while time.monotonic() < end:
        assert jobs.measure()["worker"].busy_dynos == ()


def quiesce(app, seconds):
    with app.connection_for_write() as connection:
        (answer,) = app.control.broadcast(
            "scalar_agent_quiet",
            arguments={"keep": {"worker": 1}, "seconds": seconds},
            reply=True,
            timeout=PATIENCE,
            limit=1,
            connection=connection,
        )
    assert list(answer.values()) == [{"quiet": True}]


def test_a_quiesced_worker_resumes_by_itself(settings, started, tmp_path):
    app = make_app(settings())
    started(settings(), *PREFORK, dyno="worker.2")
    quiesce(app, seconds=600)
    send(app, 1)
    jobs = CeleryJobs(app, QUEUES, busy_dynos=True)
    assert jobs.measure()["worker"].busy_dynos == ()

    quiesce(app, seconds=0.1)
    wait_until(
        lambda: jobs.measure()["worker"].busy_dynos == ("worker.2",), "it resumes"
    )

"""Where a job can be while `examples/queue_counts.py` counts it.

The broker is a real Redis, and the workers are processes of their own.
"""

from __future__ import annotations

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from celery import Celery

from tests.integration.examples_support import EXAMPLES, make_app, worker
from tests.support.waiting import wait_until

ONE_HOUR = 3600
THREADS = ("--pool=threads", "--concurrency=2")
SOLO = ("--pool=solo",)
WORKER = {"worker": ["default"]}


@pytest.fixture(scope="module")
def queue_counts():
    path = EXAMPLES / "queue_counts.py"
    spec = importlib.util.spec_from_file_location("queue_counts", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["queue_counts"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["queue_counts"]


@pytest.fixture
def count_jobs(queue_counts, monkeypatch):
    monkeypatch.setattr(queue_counts, "INSPECT_TIMEOUT", 0.5)
    yield queue_counts.count_jobs
    while queue_counts._brokers:
        app, broker = queue_counts._brokers.popitem()
        broker.disconnect()
        app.close()


@pytest.fixture(params=[True, False], ids=["late-acks", "early-acks"])
def app(request, redis_url):
    return make_app(redis_url, acks_late=request.param)


@pytest.fixture
def late_app(redis_url):
    return make_app(redis_url, acks_late=True)


@pytest.fixture
def early_app(redis_url):
    return make_app(redis_url, acks_late=False)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "worker.log"


@pytest.fixture
def in_redis(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client


def send(app, times=1, **options):
    for _ in range(times):
        app.send_task("wait", **options)


def test_every_priority_counts_and_a_future_eta_does_not(app, count_jobs):
    send(app, 5)
    send(app, 3, priority=9)
    send(app, 4, countdown=ONE_HOUR)

    assert count_jobs(app, WORKER) == {"worker": 8}


def test_an_eta_that_has_passed_counts(late_app, count_jobs):
    send(late_app, 2, countdown=-1)

    assert count_jobs(late_app, WORKER) == {"worker": 2}


def test_two_jobs_of_one_id_are_two(late_app, count_jobs):
    send(late_app, 2, task_id="same")

    assert count_jobs(late_app, WORKER) == {"worker": 2}


def test_an_empty_queue_counts_0(app, count_jobs):
    assert count_jobs(app, WORKER) == {"worker": 0}


def test_running_and_reserved_jobs_count_and_reserved_etas_do_not(
    app, count_jobs, log, in_redis
):
    send(app, 4, countdown=ONE_HOUR)
    with worker(app, log, *THREADS) as process:
        process.wait_for("received", 4)
        send(app, 7)
        process.wait_for("started", 2)

        assert count_jobs(app, WORKER) == {"worker": 7}

        acknowledged = 0 if app.conf.task_acks_late else 2
        wait_until(lambda: in_redis.hlen("unacked") == 11 - acknowledged)
        assert count_jobs(app, WORKER) == {"worker": 7}


def test_running_jobs_count_when_redis_knows_nothing_of_them(
    early_app, count_jobs, log, in_redis
):
    send(early_app, 2)
    with worker(early_app, log, *THREADS) as process:
        process.wait_for("started", 2)
        wait_until(lambda: not in_redis.exists("default", "unacked"))

        assert count_jobs(early_app, WORKER) == {"worker": 2}


def test_an_idle_worker_counts_0(early_app, count_jobs, log):
    with worker(early_app, log, *SOLO):
        assert count_jobs(early_app, WORKER) == {"worker": 0}


def test_a_worker_that_cannot_answer_makes_the_count_unknown(
    early_app, count_jobs, log
):
    with worker(early_app, log, *SOLO) as process:
        send(early_app, 3)
        process.wait_for("started")

        assert count_jobs(early_app, WORKER) == {"worker": None}


def test_one_silent_worker_of_two_makes_the_count_unknown(
    early_app, count_jobs, tmp_path
):
    solo = worker(early_app, tmp_path / "solo.log", *SOLO, "--hostname=a@here")
    with solo as process:
        send(early_app)
        process.wait_for("started")
        threads = (*THREADS, "--hostname=b@here")
        with worker(early_app, tmp_path / "threads.log", *threads):
            assert count_jobs(early_app, WORKER) == {"worker": None}


def test_late_acks_need_no_answer_of_the_worker(late_app, count_jobs, log):
    with worker(late_app, log, *SOLO) as process:
        send(late_app, 3)
        process.wait_for("started")

        assert count_jobs(late_app, WORKER) == {"worker": 3}


def test_one_task_that_acks_early_is_reason_enough_to_ask(late_app, count_jobs, log):
    @late_app.task(name="hasty", acks_late=False, shared=False)
    def hasty():
        """Be done before it is done."""

    with worker(late_app, log, *SOLO) as process:
        send(late_app)
        process.wait_for("started")

        assert count_jobs(late_app, WORKER) == {"worker": None}


def test_a_job_that_redis_and_its_worker_know_counts_once(late_app, count_jobs, log):
    @late_app.task(name="hasty", acks_late=False, shared=False)
    def hasty():
        """Make the counting ask the workers."""

    send(late_app, 2)
    with worker(late_app, log, *THREADS) as process:
        process.wait_for("started", 2)

        assert count_jobs(late_app, WORKER) == {"worker": 2}


def test_the_jobs_of_a_killed_worker_count(late_app, count_jobs, log, in_redis):
    send(late_app, 12)
    with worker(late_app, log, *THREADS) as process:
        process.wait_for("started", 2)
        wait_until(lambda: in_redis.hlen("unacked") == 8)
        process.kill()

    assert count_jobs(late_app, WORKER) == {"worker": 12}


def test_what_a_killed_worker_had_reserved_counts(early_app, count_jobs, log, in_redis):
    send(early_app, 12)
    with worker(early_app, log, *THREADS) as process:
        process.wait_for("started", 2)
        wait_until(lambda: in_redis.llen("default") == 2)
        wait_until(lambda: in_redis.hlen("unacked") == 8)
        process.kill()

    # Two ran and had been acknowledged: they are lost.
    assert count_jobs(early_app, WORKER) == {"worker": 10}


def test_apps_that_share_a_redis_count_their_own_jobs(redis_url, count_jobs, log):
    here = make_app(redis_url, prefix="here:")
    there = make_app(redis_url, prefix="there:")
    send(here, 3)
    send(here, 1, priority=6)
    send(here, 1, countdown=ONE_HOUR)
    send(there, 12)
    with worker(there, log, *THREADS) as process:
        process.wait_for("started", 2)

        assert count_jobs(here, WORKER) == {"worker": 4}
        assert count_jobs(there, WORKER) == {"worker": 12}


def test_each_process_type_counts_its_own_queues(late_app, count_jobs, log):
    queues = {"worker": ["default"], "mailer": ["mail"], "both": ["default", "mail"]}
    send(late_app, 2, queue="mail")
    send(late_app, 3)

    assert count_jobs(late_app, queues) == {"worker": 3, "mailer": 2, "both": 5}

    with worker(late_app, log, *THREADS, "--queues=default,mail") as process:
        process.wait_for("received", 5)

        assert count_jobs(late_app, queues) == {"worker": 3, "mailer": 2, "both": 5}


def test_jobs_are_told_apart_by_the_apps_own_bindings(early_app, count_jobs, log):
    queues = {"reporter": ["reports"], "guard": ["alarms"], "worker": ["default"]}
    names = {"reporter": 2, "guard": 3, "worker": 0}
    # Without an exchange, Celery puts the queue's name in place of the key.
    send(early_app, queue="reports")
    send(early_app, queue="reports", exchange="papers", routing_key="nightly")
    send(
        early_app, 3, queue="alarms", exchange="news", routing_key="alarm.fire.kitchen"
    )
    assert count_jobs(early_app, queues) == names

    with worker(early_app, log, *THREADS, "--queues=reports,alarms") as process:
        process.wait_for("started", 2)
        process.wait_for("received", 5)

        assert count_jobs(early_app, queues) == names


def test_what_is_not_looked_at_counts_as_due(
    late_app, count_jobs, queue_counts, monkeypatch
):
    monkeypatch.setattr(queue_counts, "MOST_MESSAGES", 3)
    send(late_app, 6, countdown=ONE_HOUR)
    send(late_app, 2)

    assert count_jobs(late_app, WORKER) == {"worker": 5}


def test_unacknowledged_jobs_that_are_not_looked_at_count_for_everybody(
    late_app, count_jobs, queue_counts, monkeypatch, log
):
    monkeypatch.setattr(queue_counts, "MOST_MESSAGES", 1)
    send(late_app, 40, countdown=ONE_HOUR)
    with worker(late_app, log, *SOLO) as process:
        process.wait_for("received", 40)
        counts = count_jobs(late_app, {"worker": ["default"], "mailer": ["mail"]})

    assert counts["worker"] == counts["mailer"]
    assert 0 < counts["mailer"] < 40


def test_without_redis_nothing_is_known_until_it_is_back(own_redis, count_jobs):
    app = make_app(own_redis.url)
    send(app, 2)
    assert count_jobs(app, WORKER) == {"worker": 2}

    own_redis.stop()
    assert count_jobs(app, WORKER) == {"worker": None}

    own_redis.start()
    send(app, 3)
    assert count_jobs(app, WORKER) == {"worker": 3}


def test_a_restart_between_two_counts_is_not_noticed(own_redis, count_jobs):
    app = make_app(own_redis.url)
    assert count_jobs(app, WORKER) == {"worker": 0}
    own_redis.restart()
    send(app)

    assert count_jobs(app, WORKER) == {"worker": 1}


def test_threads_share_one_connection(own_redis, count_jobs):
    app = make_app(own_redis.url)
    send(app, 4)
    with redis.Redis.from_url(own_redis.url) as client:
        count_jobs(app, WORKER)
        with_one_count = len(client.client_list())
        with ThreadPoolExecutor(8) as threads:
            counts = list(threads.map(count_jobs, [app] * 16, [WORKER] * 16))

        assert counts == [{"worker": 4}] * 16
        assert len(client.client_list()) == with_one_count


def test_the_log_does_not_tell_the_password(count_jobs, caplog):
    app = make_app("redis://:hunter2@127.0.0.1:no-port/0")

    assert count_jobs(app, WORKER) == {"worker": None}
    assert "jobs cannot be counted" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_queue_that_the_app_does_not_know_is_not_counted_as_empty(
    late_app, count_jobs
):
    late_app.conf.task_create_missing_queues = False
    send(late_app)

    counts = count_jobs(late_app, {"worker": ["default"], "typist": ["defualt"]})
    assert counts == {"worker": 1, "typist": None}


@pytest.mark.parametrize(
    ("url", "options", "word"),
    [
        ("memory://", {}, "memory"),
        ("redis://127.0.0.1:1/0", {"ack_emulation": False}, "ack_emulation"),
    ],
)
def test_settings_that_can_never_work_are_refused(
    queue_counts, count_jobs, url, options, word
):
    app = Celery(broker=url, broker_transport_options=options)

    with pytest.raises(queue_counts.UnsupportedBroker, match=word):
        count_jobs(app, WORKER)


def test_text_in_place_of_a_list_of_queues_is_refused(late_app, count_jobs):
    with pytest.raises(TypeError, match="'default' must be a list"):
        count_jobs(late_app, {"worker": "default"})

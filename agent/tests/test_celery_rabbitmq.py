"""CeleryJobs with an app on a real RabbitMQ.

These run if AMQP_URL names an empty server, or RABBITMQ_ROOT an unpacked one (see
devtools/rabbitmq_server.py); otherwise they are skipped.
"""

from __future__ import annotations

import os
import socket
import uuid

import pytest
from kombu import Queue, pools

from agent.tests.situations.counted_app import LET_GO, Settings, make_app
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.worker import Worker
from devtools.rabbitmq_server import ROOT, rabbitmq_server
from scalar_agent.celery import CeleryJobs

pytestmark = pytest.mark.skipif(
    not {"AMQP_URL", ROOT} & os.environ.keys(),
    reason=f"neither AMQP_URL nor {ROOT} is set",
)
ONE_HOUR = 3600
QUEUES = {"worker": ["celery"]}
ONE = ("--pool=threads", "--concurrency=1")


@pytest.fixture(scope="module")
def amqp_url():
    if "AMQP_URL" in os.environ:
        yield os.environ["AMQP_URL"]
    else:
        with rabbitmq_server() as url:
            yield url


@pytest.fixture
def settings(amqp_url, tmp_path):
    def make(**options):
        return Settings(amqp_url, str(tmp_path), **options)

    yield make
    with make_app(make()).connection_for_write() as connection:
        connection.channel().queue_delete("celery")
    pools.reset()  # the senders' connections


@pytest.fixture
def app(settings):
    return make_app(settings())


@pytest.fixture
def made():
    """A factory of CeleryJobs that closes their connections at the end."""
    all_jobs = []

    def make(app, queues, **options):
        all_jobs.append(CeleryJobs(app, queues, **options))
        return all_jobs[-1]

    yield make
    for jobs in all_jobs:
        jobs.close()


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


def send(app, times, **options):
    for _ in range(times):
        app.send_task("hold", **options)


def wait_running(tmp_path, times):
    wait_until(lambda: len([*tmp_path.glob("*.running")]) == times, f"{times} run")


def ready(app):
    with app.connection_for_read() as connection:
        return connection.channel().queue_declare("celery", passive=True).message_count


def busy_worker(settings, started, tmp_path):
    """Start a worker that runs 1 of 9 jobs and holds 4; 4 are due in an hour."""
    app = make_app(settings)
    send(app, 5)
    send(app, 4, countdown=ONE_HOUR)
    worker = started(settings, *ONE)
    wait_running(tmp_path, 1)
    return app, worker


def test_a_queue_that_does_not_exist_has_no_work(app, made):
    work = made(app, {"worker": ["nowhere"]}).measure()["worker"]

    assert (work.count, work.latency, work.unknown) == (0, 0.0, {})


def test_a_future_eta_does_not_count(app, made):
    send(app, 5)
    send(app, 4, countdown=ONE_HOUR)
    jobs = made(app, QUEUES)
    for _ in range(3):  # looking changes nothing
        work = jobs.measure()["worker"]
        assert (work.count, work.stranded, work.busy_dynos) == (5, 0, ())
        assert 0 < work.latency < 30
        assert ONE_HOUR - 60 < work.next_eta <= ONE_HOUR
    assert ready(app) == 9


def test_looking_keeps_the_order(app, made):
    ids = [uuid.uuid4().hex for _ in range(20)]
    for id_ in ids:
        send(app, 1, task_id=id_)
    jobs = made(app, QUEUES, most_messages=7)

    assert jobs.measure()["worker"].count == 20
    jobs.close()
    with app.connection_for_read() as connection:
        queue = Queue("celery")(connection.channel())
        wait_until(lambda: ready(app) == 20, "all are put back")
        assert [queue.get(no_ack=True).headers["id"] for _ in ids] == ids


def test_it_reconnects_after_the_connection_was_cut(app, made):
    send(app, 2)
    jobs = made(app, QUEUES)
    jobs.measure()
    jobs._broker._connection.connection.transport.sock.shutdown(socket.SHUT_RDWR)

    assert jobs.measure()["worker"].count == 2


def test_messages_beyond_the_cap_count_as_due(app, made):
    send(app, 6, countdown=ONE_HOUR)
    send(app, 2)
    work = made(app, QUEUES, most_messages=3).measure()["worker"]

    assert work.count == 5
    assert work.unknown["next_eta"] == "5 messages were not inspected"


def test_the_messages_of_a_quorum_queue_are_not_touched(app, made):
    name = uuid.uuid4().hex
    app.conf.task_queues = [Queue(name, queue_arguments={"x-queue-type": "quorum"})]
    # The measuring app may not know that it is a quorum queue.
    other = make_app(Settings(app.conf.broker_url, "."))
    send(app, 2, queue=name)
    send(app, 1, queue=name, countdown=ONE_HOUR)
    for measured in (app, other):
        work = made(measured, {"worker": [name]}).measure()["worker"]
        assert (work.count, work.latency) == (3, None)
        assert "not inspected" in work.unknown["latency"]
    with app.connection_for_read() as connection:
        channel = connection.channel()
        message = Queue(name)(channel).get(no_ack=True)
        assert message.headers.get("x-delivery-count", 0) == 0
        channel.queue_delete(name)


@pytest.mark.parametrize("late", [True, False], ids=["late-acks", "early-acks"])
def test_a_worker_s_jobs_count_until_it_has_ended(
    settings, started, tmp_path, late, made
):
    app, worker = busy_worker(settings(acks_late=late), started, tmp_path)
    jobs = made(app, QUEUES)
    work = jobs.measure()["worker"]
    assert (work.count, work.busy_dynos) == (5, ("worker.2",))
    assert ONE_HOUR - 60 < work.next_eta <= ONE_HOUR

    worker.begin_shutdown()
    for each in (jobs, made(app, QUEUES)):
        work = each.measure()["worker"]
        assert (work.count, work.busy_dynos) == (5, ("worker.2",))

    (tmp_path / LET_GO).touch()
    wait_until(lambda: ready(app) >= 4, "the others are requeued")
    wait_until(lambda: jobs.measure()["worker"].busy_dynos == (), "it has ended")

    assert jobs.measure()["worker"].count == ready(app) - 4


def test_a_killed_workers_jobs_are_ready_again(settings, started, tmp_path, made):
    app, worker = busy_worker(settings(), started, tmp_path)
    worker.kill()
    wait_until(lambda: ready(app) >= 8, "RabbitMQ has requeued them")
    work = made(app, QUEUES).measure()["worker"]

    # The one that ran is lost if the worker had acknowledged it.
    assert (work.count, work.stranded) == (ready(app) - 4, 0)


def test_a_worker_without_the_agent_makes_the_count_unknown(
    settings, started, tmp_path, made
):
    app, _ = busy_worker(settings(has_agent=False), started, tmp_path)
    jobs = made(app, QUEUES)
    for _ in range(2):
        work = jobs.measure()["worker"]
        assert work.count is None
        assert work.unknown["count"] == (
            "1 of 1 workers do not report their jobs; "
            "their app must import scalar_agent.celery"
        )
        # It may hold jobs for later, so their absence is not known.
        assert work.unknown["next_eta"] == work.unknown["count"]


def test_a_busy_solo_worker_makes_the_count_unknown(settings, started, tmp_path, made):
    app = make_app(settings())
    started(settings(), "--pool=solo")
    send(app, 1)
    wait_running(tmp_path, 1)
    work = made(app, QUEUES, pool="solo", inspect_timeout=0.3).measure()

    assert work["worker"].count is None
    assert work["worker"].unknown["count"] == (
        "1 of 1 workers did not answer within 0.3 s"
    )

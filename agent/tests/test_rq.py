"""Jobs of RQ, measured with real workers on a real Redis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis
from redis.connection import SSLConnection
from redis.sentinel import SentinelConnectionPool
from rq import Queue
from rq.job import Job, JobStatus

from agent.tests.rq_situation import Situation, hold
from devtools.ports import free_port
from devtools.redis_server import RedisServer
from scalar_agent.rq import RqJobs
from scalar_agent.rq_redis import MOST_AGES, MOST_IDS, TIMEOUT, own_client

HOST_NAME = "1f0c"


@pytest.fixture
def situation(redis_url: str, tmp_path: Path) -> Iterator[Situation]:
    made = Situation(redis_url, tmp_path)
    yield made
    made.redis.close()


def test_an_empty_queue_has_zero_jobs_and_nothing_unknown(situation: Situation) -> None:
    work = situation.work()

    assert (work.count, work.latency, work.busy_dynos) == (0, 0.0, ())
    assert (work.next_eta, work.stranded, dict(work.unknown)) == (None, 0, {})


def test_queued_jobs_count_and_the_oldest_determines_the_latency(
    situation: Situation,
) -> None:
    begin = time.time()
    situation.enqueue(count=3)
    situation.wait(lambda: time.time() > begin + 0.3)

    work = situation.work()

    assert work.count == 3
    assert work.latency is not None
    assert 0.3 <= work.latency <= time.time() - begin


def test_a_running_job_counts_and_its_dyno_is_busy(
    situation: Situation,
) -> None:
    situation.enqueue(count=3)
    with situation.worker("a", "--name", f"worker.2@{HOST_NAME}"):
        situation.started()
        work = situation.work()

    assert work.count == 3
    assert work.busy_dynos == ("worker.2",)
    assert work.stranded == 0


def test_a_dyno_without_a_number_is_a_dyno(situation: Situation) -> None:
    dyno = "worker-23z34x56y-w78k9"
    situation.enqueue()
    with situation.worker("a", "--name", f"{dyno}@{HOST_NAME}"):
        situation.started()
        work = situation.work()

    assert (work.count, work.busy_dynos) == (1, (dyno,))


def test_an_idle_worker_is_not_a_busy_dyno(situation: Situation) -> None:
    with situation.worker("a", "--name", f"worker.2@{HOST_NAME}"):
        work = situation.work()

    assert (work.count, work.busy_dynos) == (0, ())


def test_a_finished_job_does_not_count(situation: Situation) -> None:
    situation.release.touch()
    situation.enqueue(count=2)
    with situation.worker("a", "--burst", "--worker-class", "rq.SimpleWorker") as one:
        one.wait(20)

    assert situation.work().count == 0


def test_busy_dynos_of_workers_without_a_dyno_s_name_are_not_reported(
    situation: Situation,
) -> None:
    situation.enqueue()
    with situation.worker("a"):
        situation.started()
        work = situation.work()

    assert work.busy_dynos is None
    assert "busy_dynos" not in work.unknown


def test_a_busy_worker_without_a_dyno_s_name_among_others_makes_them_unknown(
    situation: Situation,
) -> None:
    situation.enqueue()
    with situation.worker("a"):
        situation.started()
        with situation.worker("a", "--name", f"worker.1@{HOST_NAME}"):
            work = situation.work()

    assert work.busy_dynos is None
    assert (
        'does not contain its dyno; start it with --name "$DYNO@$(hostname)"'
        in work.unknown["busy_dynos"]
    )


def test_the_busy_dynos_of_another_process_type_are_not_ours(
    situation: Situation,
) -> None:
    situation.enqueue()
    with situation.worker("a", "--name", f"mailer.1@{HOST_NAME}"):
        situation.started()
        work = situation.work()

    assert (work.count, work.busy_dynos) == (1, ())


def test_a_killed_worker_s_job_counts_and_is_stranded(situation: Situation) -> None:
    situation.enqueue(count=2)
    with situation.worker("a") as worker:
        situation.started()
        situation.kill(worker)
        # Until its key expires, RQ believes that the killed worker is alive.
        assert (situation.work().count, situation.work().stranded) == (2, 0)

        situation.forget_workers()
        work = situation.work()

    assert (work.count, work.stranded, work.busy_dynos) == (2, 1, ())


def test_a_killed_worker_s_job_counts_after_rq_has_given_up_on_it(
    situation: Situation,
) -> None:
    situation.enqueue()
    with situation.worker("a") as worker:
        situation.started()
        situation.kill(worker)
    situation.forget_workers()
    registry = situation.queue("a").started_job_registry
    for entry in situation.redis.zrange(registry.key, 0, -1):
        situation.redis.zadd(registry.key, {entry: time.time() - 1})

    work = situation.work()

    assert (work.count, work.stranded) == (1, 1)


def test_a_dead_worker_s_job_is_not_stranded_while_another_worker_lives(
    situation: Situation,
) -> None:
    situation.enqueue()
    with situation.worker("a") as worker:
        situation.started()
        situation.kill(worker)
    situation.forget_workers()
    with situation.worker("a"):
        work = situation.work()

    assert (work.count, work.stranded) == (1, 0)


def test_a_job_in_the_intermediate_queue_counts(situation: Situation) -> None:
    situation.enqueue(count=2)
    name = "agent.tests.rq_situation.DiesWithJobInHand"
    with situation.worker("a", "--worker-class", name) as worker:
        worker.wait(20)
    key = situation.queue("a").intermediate_queue_key
    assert situation.redis.llen(key) == 1
    situation.forget_workers()

    work = situation.work()

    assert (work.count, work.stranded) == (2, 1)


def test_an_ended_job_in_the_intermediate_queue_does_not_count(
    situation: Situation,
) -> None:
    situation.enqueue(count=2)
    queue = situation.queue("a")
    for end in ("failed", "deleted"):
        taken = Queue.dequeue_any([queue], None, connection=situation.redis)
        assert taken is not None
        if end == "deleted":
            situation.redis.delete(taken[0].key)
        else:
            taken[0].set_status("failed")
    assert situation.redis.llen(queue.intermediate_queue_key) == 2

    assert situation.work().count == 0


def test_a_job_in_no_key_while_a_worker_of_two_queues_takes_it_is_not_missed(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look sees it waiting; the second one sees nothing."""
    situation.enqueue()

    def take(_: float) -> None:
        queues = [situation.queue("a"), situation.queue("b")]
        assert Queue.dequeue_any(queues, None, connection=situation.redis)

    # Not `time.sleep` itself: other threads, and redis-py between two attempts,
    # sleep as well.
    clock = SimpleNamespace(time=time.time, sleep=take)
    monkeypatch.setattr("scalar_agent.rq.time", clock)

    assert situation.work("a", "b").count == 1


def test_a_job_scheduled_in_the_future_is_the_next_eta_and_does_not_count(
    situation: Situation,
) -> None:
    queue = situation.queue("a")
    for hours in (2, 1):
        queue.enqueue_in(timedelta(hours=hours), hold, "never")

    work = situation.work()

    assert (work.count, work.latency) == (0, 0.0)
    assert work.next_eta is not None
    assert 3590 < work.next_eta <= 3600


def test_a_due_job_counts_even_if_no_scheduler_runs(situation: Situation) -> None:
    due = datetime.now(timezone.utc) - timedelta(seconds=30)
    situation.queue("a").enqueue_at(due, hold, "never")
    with situation.worker("a"):
        work = situation.work()

    assert work.count == 1
    assert work.next_eta is None
    assert work.latency is not None
    assert 30 <= work.latency < 50


def test_a_deferred_job_does_not_count(situation: Situation) -> None:
    queue = situation.queue("a")
    first = queue.enqueue(hold, "never")
    queue.enqueue(hold, "never", depends_on=first)

    assert situation.work().count == 1


def test_a_job_whose_dependencies_are_met_counts_before_it_is_queued(
    situation: Situation,
) -> None:
    registry = getattr(situation.queue("a"), "ready_job_registry", None)
    if registry is None:
        pytest.skip("this RQ has no such state")
    job = Job.create(hold, ["never"], connection=situation.redis, origin="a")
    job.set_status(JobStatus.READY_TO_ENQUEUE)
    job.save()
    registry.add(job)

    work = situation.work()

    assert work.count == 1
    assert work.latency is not None
    assert work.latency < 10


def test_a_queued_job_that_was_deleted_does_not_count(situation: Situation) -> None:
    situation.enqueue(count=2)
    queue = situation.queue("a")
    situation.redis.delete(queue.get_jobs()[0].key)

    assert situation.work().count == 1


def test_several_queues_and_process_types(situation: Situation) -> None:
    situation.enqueue("a", 2)
    situation.enqueue("b:c", 3)
    queues: Any = {"worker": ["a", "b:c", "a"], "mailer": ("b:c",), "idle": ["d"]}

    work = RqJobs(situation.redis, queues).measure()

    assert {name: part.count for name, part in work.items()} == {
        "worker": 5,
        "mailer": 3,
        "idle": 0,
    }


def test_jobs_beyond_the_ids_that_are_read_count(situation: Situation) -> None:
    queue = situation.queue("a")
    data = [Queue.prepare_data(hold, ["x"]) for _ in range(MOST_IDS + 500)]
    queue.enqueue_many(data)

    assert situation.work().count == MOST_IDS + 500


def test_the_number_of_commands_does_not_grow_with_the_jobs(
    situation: Situation,
) -> None:
    jobs = RqJobs(situation.redis, {"worker": ["a"]})

    def commands_of_a_measurement() -> int:
        before = int(situation.redis.info("stats")["total_commands_processed"])
        jobs.measure()
        after = int(situation.redis.info("stats")["total_commands_processed"])
        return after - before

    situation.enqueue(count=MOST_AGES + 1)
    jobs.measure()
    few = commands_of_a_measurement()
    situation.enqueue(count=500)

    assert commands_of_a_measurement() == few


def test_one_connection_is_kept(situation: Situation) -> None:
    jobs = RqJobs(situation.redis, {"worker": ["a"]})
    jobs.measure()
    received = situation.redis.info("stats")["total_connections_received"]
    jobs.measure()

    assert situation.redis.info("stats")["total_connections_received"] == received


@pytest.mark.parametrize("options", [{"decode_responses": True}, {"protocol": 3}])
def test_the_settings_of_the_app_s_connection_do_not_matter(
    situation: Situation, options: dict[str, Any]
) -> None:
    situation.enqueue()
    situation.queue("a").enqueue_in(timedelta(hours=1), hold, "never")
    with (
        Redis.from_url(situation.url, **options) as connection,
        situation.worker("a", "--name", f"worker.1@{HOST_NAME}"),
    ):
        situation.started()
        work = situation.work(connection=connection)

    assert (work.count, work.busy_dynos) == (1, ("worker.1",))


def test_redis_that_is_down_makes_every_part_unknown() -> None:
    url = f"redis://:hidden@127.0.0.1:{free_port()}/0"
    jobs = RqJobs(Redis.from_url(url), {"worker": ["a"], "mailer": ["b"]})

    work = jobs.measure()

    assert set(work) == {"worker", "mailer"}
    for part in work.values():
        assert (part.count, part.at_least, part.stranded) == (None, 0, None)
        assert set(part.unknown) == {
            *("count", "latency", "busy_dynos", "next_eta", "stranded")
        }
        assert "hidden" not in repr(part)


def test_it_gives_up_on_a_hanging_redis_and_recovers(own_redis: RedisServer) -> None:
    jobs = RqJobs(Redis.from_url(own_redis.url), {"worker": ["a"]})
    assert jobs.measure()["worker"].count == 0
    own_redis.pause()
    begin = time.monotonic()

    work = jobs.measure()["worker"]

    assert time.monotonic() - begin < 3 * TIMEOUT
    assert work.unknown["count"].endswith(": no answer in time")
    own_redis.resume()
    assert jobs.measure()["worker"].count == 0


def test_it_reconnects_after_redis_was_restarted(own_redis: RedisServer) -> None:
    jobs = RqJobs(Redis.from_url(own_redis.url), {"worker": ["a"]})
    assert jobs.measure()["worker"].count == 0
    own_redis.restart()

    assert jobs.measure()["worker"].count == 0


def test_our_client_keeps_the_address_and_has_short_timeouts() -> None:
    given = Redis.from_url("rediss://:x@example.test:7/3?ssl_cert_reqs=none")

    pool = own_client(given).connection_pool

    assert pool.connection_class is SSLConnection
    options = pool.connection_kwargs
    assert (options["host"], options["port"], options["db"]) == ("example.test", 7, 3)
    assert (options["password"], options["ssl_cert_reqs"]) == ("x", "none")
    assert options["socket_timeout"] == options["socket_connect_timeout"] == TIMEOUT


def test_a_special_connection_pool_is_used_as_it_is() -> None:
    class Special(SentinelConnectionPool):
        def __init__(self) -> None:
            self.connection_kwargs = {}

    given = Redis(connection_pool=Special())

    assert own_client(given) is given


def test_a_worker_that_dropped_out_of_the_registry_is_known(situation):
    with situation.worker("--name", "worker.1@h", "a"):
        situation.enqueue()
        situation.started()
        situation.redis.srem("rq:workers", "rq:worker:worker.1@h")
        situation.redis.srem("rq:workers:a", "rq:worker:worker.1@h")
        work = situation.work()

        assert (work.count, work.busy_dynos, work.stranded) == (1, ("worker.1",), 0)


def test_a_worker_that_redis_has_forgotten_may_run_a_job(situation):
    """Redis has lost all its keys, as when it is restarted."""
    with situation.worker("--name", "worker.1@h", "a"):
        situation.wait(lambda: situation.work().count == 0)
        situation.wait(lambda: situation.redis.pubsub_channels("rq:pubsub:*") != [])
        situation.redis.flushall()
        situation.wait(lambda: situation.work().count == 0)  # it waits for a job
        situation.enqueue()
        situation.started()
        situation.redis.flushall()
        situation.wait(lambda: situation.work().count is None)
        work = situation.work()

        assert (work.count, work.busy_dynos, work.stranded) == (None, None, None)
        assert work.unknown["count"] == (
            "worker.1@h: it is not registered with RQ, and may run a job"
        )


@pytest.mark.new_redis
def test_after_a_restart_of_redis_silence_is_unknown(own_redis):
    with Redis.from_url(own_redis.url) as client:
        jobs = RqJobs(client, {"worker": ["a"]})
        Queue("a", connection=client).enqueue("no.such_job")
        work = jobs.measure()["worker"]

        assert (work.count, work.at_least, work.busy_dynos) == (None, 1, None)
        assert "so workers may be unheard" in work.unknown["count"]


def test_expired_jobs_do_not_count_wherever_they_wait(situation):
    situation.enqueue(count=300)
    queue = situation.queue("a")
    expired = queue.job_ids[:299]
    situation.redis.delete(*(Job.key_for(id_) for id_ in expired))

    assert situation.work().count == 1

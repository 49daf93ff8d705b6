"""CeleryJobs with messages in a real Redis and no live worker."""

from __future__ import annotations

import json
import time

import pytest
from celery import Celery
from redis import Redis

from agent.tests.situations.counted_app import Settings, make_app
from scalar_agent import celery_looks
from scalar_agent.celery import CeleryJobs
from scalar_agent.celery_stamp import SENT_AT

ONE_HOUR = 3600
WORKER = {"worker": ["default"]}


@pytest.fixture(params=[True, False], ids=["late-acks", "early-acks"])
def app(request, redis_url, tmp_path):
    settings = Settings(
        redis_url, str(tmp_path), acks_late=request.param, is_routed=True
    )
    return make_app(settings)


@pytest.fixture
def in_redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


def send(app, times=1, **options):
    for _ in range(times):
        app.send_task("hold", **options)


def hold(in_redis, tag, message, *place):
    """Note a message as unacknowledged, as a worker does that has got it."""
    with in_redis.pipeline() as pipe:
        pipe.zadd("unacked_index", {tag: time.time()})
        pipe.hset("unacked", tag, json.dumps([message, *place]))
        pipe.execute()


def worker_of(app, **options):
    jobs = CeleryJobs(app, WORKER, **options)
    try:
        return jobs.measure()["worker"]
    finally:
        jobs.close()


def rewrite(in_redis, key, change):
    """Change the newest message of a list."""
    message = json.loads(in_redis.lindex(key, 0))
    change(message)
    in_redis.lset(key, 0, json.dumps(message))


def test_an_empty_queue_has_no_work(app):
    work = worker_of(app)

    assert (work.count, work.latency, work.next_eta, work.stranded) == (0, 0.0, None, 0)
    assert work.unknown == {}


def test_every_priority_counts_and_a_future_eta_does_not(app):
    send(app, 5)
    send(app, 3, priority=9)
    send(app, 4, countdown=ONE_HOUR)
    send(app, countdown=2 * ONE_HOUR)
    work = worker_of(app)

    assert work.count == 8
    assert ONE_HOUR - 60 < work.next_eta <= ONE_HOUR


def test_an_eta_that_has_passed_counts(app):
    send(app, 2, countdown=-1)

    assert worker_of(app).count == 2


def test_two_messages_with_one_id_count_twice(app):
    send(app, 2, task_id="same")

    assert worker_of(app).count == 2


def test_a_message_that_is_not_a_task_counts(app, in_redis):
    in_redis.lpush("default", "no JSON", "{}", '{"headers": {}}')
    work = worker_of(app)

    assert work.count == 3
    assert "carries no time of sending" in work.unknown["latency"]


def test_each_process_type_counts_its_own_queues(own_redis, tmp_path):
    # Its own Redis: after a flush, nothing declares the bindings again.
    app = make_app(Settings(own_redis.url, str(tmp_path), is_routed=True))
    send(app, 2, queue="mail")
    send(app, 3)
    send(app, queue="reports")
    send(app, 3, queue="alarms")
    queues = {
        "worker": ["default"],
        "both": ["default", "mail"],
        "reporter": ["reports"],
        "guard": ["alarms"],
    }
    work = CeleryJobs(app, queues).measure()

    assert {process: work[process].count for process in queues} == {
        "worker": 3,
        "both": 5,
        "reporter": 1,
        "guard": 3,
    }


def test_unacknowledged_jobs_belong_to_the_queue_they_came_from(app, in_redis):
    send(app)
    message = json.loads(in_redis.rpop("default"))
    places = [("papers", "nightly"), ("news", "alarm.fire"), ("", "mail"), ("x", "y")]
    for number, place in enumerate(places):
        message["headers"]["id"] = str(number)
        hold(in_redis, str(number), message, *place)
    in_redis.sadd("_kombu.binding.celery.pidbox", "of a killed worker")
    queues = {"reporter": ["reports"], "guard": ["alarms"], "mailer": ["mail"]}
    work = CeleryJobs(app, {**queues, "worker": ["default"]}).measure()

    assert [(part.count, part.stranded) for part in work.values()] == [
        (1, 1),
        (1, 1),
        (1, 1),
        (0, 0),
    ]


def test_apps_that_share_a_redis_count_their_own_jobs(redis_url, tmp_path):
    here, there = (
        make_app(Settings(redis_url, str(tmp_path), prefix=prefix, is_routed=True))
        for prefix in ("here:", "there:")
    )
    send(here, 3)
    send(here, priority=6)
    send(there, 5)

    assert (worker_of(here).count, worker_of(there).count) == (4, 5)


def test_messages_behind_the_oldest_are_read_once(app):
    send(app, 2)
    send(app, 6, countdown=ONE_HOUR)
    send(app, 2)
    jobs = CeleryJobs(app, WORKER, most_messages=3)

    for count in (4, 4):
        work = jobs.measure()["worker"]
        assert (work.count, work.unknown) == (count, {})
        assert ONE_HOUR - 60 < work.next_eta <= ONE_HOUR

    send(app, 3, countdown=2 * ONE_HOUR)
    send(app)
    assert jobs.measure()["worker"].count == 5


def test_known_messages_are_not_read_again(app, in_redis):
    """Their number is known by the newest one's place; new ones come before it."""
    send(app, 400)
    jobs = CeleryJobs(app, WORKER, most_messages=10)
    jobs.measure()
    in_redis.config_resetstat()
    assert jobs.measure()["worker"].count == 400
    pages = in_redis.info("commandstats")["cmdstat_lrange"]["calls"]

    assert pages == 4  # in each look: the oldest, and the newest

    in_redis.delete("default")
    send(app, 20, countdown=ONE_HOUR)
    assert jobs.measure()["worker"].count == 0


def test_jobs_that_left_a_long_list_are_forgotten(app, in_redis):
    send(app, 30, countdown=ONE_HOUR)
    send(app, 30)
    jobs = CeleryJobs(app, WORKER, most_messages=5)
    assert jobs.measure()["worker"].count == 30
    in_redis.rpop("default", 40)
    work = jobs.measure()["worker"]

    assert (work.count, work.next_eta) == (20, None)


def test_a_job_that_is_given_back_counts(app, in_redis):
    send(app, 30)
    jobs = CeleryJobs(app, WORKER, most_messages=5)
    jobs.measure()
    taken = in_redis.rpop("default", 3)
    assert jobs.measure()["worker"].count == 27
    in_redis.rpush("default", *taken)

    assert jobs.measure()["worker"].count == 30


def test_a_first_look_at_too_many_is_unknown_and_soon_known(app, monkeypatch):
    monkeypatch.setattr(celery_looks, "MOST_OTHERS", 20)
    send(app, 410)
    jobs = CeleryJobs(app, WORKER, most_messages=10)
    work = jobs.measure()["worker"]

    assert (work.count, work.at_least) == (None, 210)
    assert work.unknown["count"] == "200 messages were not read yet"
    assert jobs.measure()["worker"].count == 410


def test_each_held_job_counts_for_those_that_read_its_queue(app, in_redis):
    send(app)
    message = json.loads(in_redis.rpop("default"))
    for number in range(1500):
        message["headers"]["id"] = str(number)
        hold(in_redis, str(number), message, "", "default")
    message["headers"]["eta"] = "2999-01-01T00:00:00"
    for number in range(1500, 3000):
        hold(in_redis, str(number), message, "", "default")
    in_redis.sadd("_kombu.binding.celery.pidbox", "of a killed worker")
    jobs = CeleryJobs(app, {**WORKER, "mailer": ["mail"]}, most_messages=100)

    for _ in range(2):
        work = jobs.measure()
        assert [(part.count, part.stranded) for part in work.values()] == [
            (1500, 1500),
            (0, 0),
        ]


def test_held_jobs_that_were_not_read_are_nobodys(app, in_redis, monkeypatch):
    monkeypatch.setattr(celery_looks, "MOST_WANTED", 10)
    monkeypatch.setattr(celery_looks, "MOST_AT_ONCE", 30)
    send(app, 2)
    message = json.loads(in_redis.rpop("default"))
    for number in range(100):
        hold(in_redis, str(number), message, "", "default")
    in_redis.sadd("_kombu.binding.celery.pidbox", "of a killed worker")
    jobs = CeleryJobs(app, {**WORKER, "mailer": ["mail"]})
    work = jobs.measure()

    assert [(part.count, part.at_least) for part in work.values()] == [
        (None, 41),
        (None, 0),
    ]
    reason = "60 unacknowledged messages were not read yet"
    assert {part.unknown["count"] for part in work.values()} == {reason}
    jobs.measure()
    assert [part.count for part in jobs.measure().values()] == [101, 0]


def test_a_held_message_that_nobody_will_get_again_does_not_count(app, in_redis):
    """Kombu gives back what its index knows."""
    send(app)
    message = json.loads(in_redis.rpop("default"))
    value = json.dumps([message, "default", "default"])
    in_redis.hset("unacked", "not in the index", value)
    in_redis.zadd("unacked_index", {"not in the hash": time.time()})

    for _ in range(2):
        work = worker_of(app)
        assert (work.count, work.unknown) == (0, {})


def test_held_messages_of_other_programs_belong_to_nobody(app, in_redis):
    in_redis.sadd("_kombu.binding.socketio", "\x06\x16\x06\x16socketio.1")
    in_redis.sadd("_kombu.binding.new", "key\x06\x16\x06\x16default")
    for tag, exchange, key in (("1", "socketio", ""), ("2", "new", "key")):
        hold(in_redis, tag, {"body": "", "headers": {}}, exchange, key)
    in_redis.sadd("_kombu.binding.celery.pidbox", "of a killed worker")
    jobs = CeleryJobs(app, {**WORKER, "mailer": ["mail"]})

    assert [part.count for part in jobs.measure().values()] == [1, 0]


def test_large_bodies_are_not_read_and_their_jobs_count(app, in_redis):
    body = "x" * 500_000
    send(app, 20, kwargs={"body": body})
    before = in_redis.info("stats")["total_net_output_bytes"]
    work = worker_of(app)
    sent = in_redis.info("stats")["total_net_output_bytes"] - before

    assert work.count == 20
    assert work.latency > 0
    assert sent < 200_000


def test_the_oldest_due_job_determines_the_latency(app, in_redis):
    def at(seconds_ago):
        def change(message):
            message["headers"][SENT_AT] = time.time() - seconds_ago

        return change

    send(app)
    rewrite(in_redis, "default", at(50))
    send(app, priority=9)
    rewrite(in_redis, "default\x06\x169", at(100))
    send(app)

    assert 100 <= worker_of(app).latency < 110


def test_the_latency_of_a_due_job_starts_at_its_eta(app, in_redis):
    send(app, countdown=-20)
    rewrite(
        in_redis, "default", lambda message: message["headers"].update({SENT_AT: 1.0})
    )

    assert 20 <= worker_of(app).latency < 30


def test_without_a_stamp_the_latency_is_unknown(app, in_redis):
    send(app)
    rewrite(in_redis, "default", lambda message: message["headers"].pop(SENT_AT))
    send(app)
    work = worker_of(app)

    assert (work.count, work.latency) == (2, None)
    assert "carries no time of sending" in work.unknown["latency"]


def test_a_retried_task_gets_a_new_stamp(app, in_redis):
    send(app, headers={SENT_AT: 1.0})

    assert worker_of(app).latency < 10


def test_jobs_without_a_worker_are_stranded(app, in_redis):
    send(app)
    message = json.loads(in_redis.rpop("default"))
    hold(in_redis, "tag", message, "default", "default")
    in_redis.sadd("_kombu.binding.celery.pidbox", "of a killed worker")
    work = worker_of(app)

    assert (work.count, work.stranded) == (1, 1)


def test_a_worker_with_jobs_that_left_remote_control_may_be_shutting_down(
    app, in_redis
):
    send(app)
    message = json.loads(in_redis.rpop("default"))
    hold(in_redis, "tag", message, "default", "default")
    jobs = CeleryJobs(app, WORKER, time_to_end=0.5)
    work = jobs.measure()["worker"]

    assert work.stranded is None
    assert "shutting down" in work.unknown["stranded"]
    if app.conf.task_acks_late:
        assert work.count == 1
    else:
        assert (work.count, work.at_least) == (None, 1)
    time.sleep(0.5)  # the doubt lasts as long as a worker may take
    work = jobs.measure()["worker"]
    assert (work.count, work.stranded) == (1, 1)


def test_a_queue_that_the_app_may_not_create_is_unknown(app):
    app.conf.task_create_missing_queues = False
    send(app)
    work = CeleryJobs(app, {**WORKER, "typist": ["defualt"]}).measure()

    assert work["worker"].count == 1
    assert work["typist"].count is None
    assert work["typist"].unknown["count"] == (
        "the app has no queue 'defualt' (see task_queues)"
    )


def test_measuring_does_not_make_a_worker_read_another_queue(app):
    CeleryJobs(app, {"worker": ["default", "new"]}).measure()

    assert "new" not in app.amqp.queues


def test_without_remote_control_early_acks_hide_running_jobs(app):
    app.conf.worker_enable_remote_control = False
    send(app)
    work = worker_of(app)

    if app.conf.task_acks_late:
        assert work.count == 1
    else:
        assert (work.count, work.at_least) == (None, 1)
        assert "worker_enable_remote_control" in work.unknown["count"]


def test_a_poll_takes_as_many_round_trips_for_ten_jobs_as_for_thousands(app, in_redis):
    def commands():
        stats = in_redis.info("commandstats")
        # Commands inside a script cost no round trip.
        inner = {"llen", "lrange", "lindex", "hget", "hgetall", "scard", "info"}
        inner |= {"zcard", "zrange", "time"}
        return sum(
            stats[name]["calls"]
            for name in stats
            if name.removeprefix("cmdstat_").split("|")[0] not in inner
        )

    jobs = CeleryJobs(app, WORKER)
    send(app)
    jobs.measure()
    costs = []
    for times in (10, 2000):
        send(app)
        message = in_redis.rpop("default")
        in_redis.lpush("default", *[message] * times)
        before = commands()
        jobs.measure()
        costs.append(commands() - before)

    assert costs[0] == costs[1] < 40


def test_a_queue_that_nobody_knows_is_unknown_if_others_have_jobs(app, caplog):
    app = make_unrouted(app)
    send(app, 7)
    wrong = CeleryJobs(app, {"worker": ["defualt"]})
    right = CeleryJobs(app, {"worker": ["defualt"], "mailer": ["celery"]})
    work = wrong.measure()["worker"]

    assert (work.count, work.at_least) == (None, 0)
    assert work.unknown["count"] == "nobody knows a queue 'defualt'; there are celery"
    assert wrong.warnings == [
        "queue 'celery' has 7 jobs, and no process type is mapped to it"
    ]
    # No job is missed here.
    assert [part.count for part in right.measure().values()] == [0, 7]
    assert right.warnings == []
    warned = [record for record in caplog.records if "no process type" in record.msg]
    wrong.measure()
    assert len(warned) == 1


def test_a_sleeping_queue_has_no_jobs(app, in_redis):
    app = make_unrouted(app)
    jobs = {"worker": ["defualt"]}
    send(app, queue="defualt")
    assert CeleryJobs(app, jobs).measure()["worker"].count == 1
    in_redis.delete("defualt")
    send(app)
    assert CeleryJobs(app, jobs).measure()["worker"].count == 0
    in_redis.flushall()

    assert CeleryJobs(app, jobs).measure()["worker"].count == 0


def make_unrouted(app):
    """Return an app on the same Redis that names no queues."""
    bare = Celery("bare", broker=app.conf.broker_url, set_as_current=False)
    bare.conf.task_acks_late = app.conf.task_acks_late
    return bare


def test_a_purged_list_is_forgotten(app, in_redis):
    send(app, 30, countdown=ONE_HOUR)
    jobs = CeleryJobs(app, WORKER, most_messages=5)
    assert jobs.measure()["worker"].count == 0
    in_redis.delete("default")
    send(app, 40)
    work = jobs.measure()["worker"]

    assert (work.count, work.next_eta) == (40, None)

"""Processes die, servers vanish, apps fail: none of it scales anything."""

from __future__ import annotations

import pytest

from tests.support.counts_app import CountsApp
from tests.support.waiting import wait_until

FIVE = 5
SHORT_TIMES = {"APP_READ_TIMEOUT": "0.5", "APP_TOTAL_TIMEOUT": "0.8"}


@pytest.fixture
def settled(counts_app, name):
    """Add an app to a system; wait until it has 3 dynos for count 25."""

    def settled(system):
        counts_app.answer({"worker": 25, "mailer": 11})
        system.register(name, {"worker": 0, "mailer": 2})
        system.wait_for_dynos(name, {"worker": 3, "mailer": 2})
        system.wait_for_polls(1)
        system.heroku.clear_requests()
        return system

    return settled


@pytest.fixture
def system(make_system, settled):
    """Beat and worker apart, which end and lose Redis one by one."""
    system = make_system(COUNT_BOUNDARY="10", **SHORT_TIMES)
    *_, system.worker = system.start("beat", "worker")
    return settled(system)


@pytest.fixture(scope="module")
def shared(start_shared):
    """Beat and worker in one process, for faults of an app or of Heroku."""
    return start_shared(COUNT_BOUNDARY="10", **SHORT_TIMES)


@pytest.fixture
def in_one(shared, borrow, settled):
    """The same, with one app."""
    return settled(borrow(shared))


def test_a_new_worker_recovers_after_a_killed_one(system, counts_app, name):
    counts_app.behave("hang")
    system.wait_for_polls(1)  # it dies while it evaluates
    system.worker.kill()
    counts_app.release()
    counts_app.answer({"worker": 45, "mailer": 11})
    counts_app.clear()
    system.start("worker")
    system.wait_for_dynos(name, {"worker": 5})

    assert system.polls <= FIVE
    assert system.patches(name) == [{"worker": 5}]


def test_it_recovers_after_redis_restarts_empty(system, counts_app, own_redis, name):
    own_redis.restart()
    counts_app.clear()
    system.wait_for_polls(2)
    counts_app.answer({"worker": 45, "mailer": 11})
    system.wait_for_dynos(name, {"worker": 5})

    assert system.polls <= FIVE
    assert system.patches(name) == [{"worker": 5}]


def test_it_recovers_after_redis_was_down(system, counts_app, own_redis, name):
    own_redis.kill()
    wait_until(lambda: "Connection to broker lost" in system.logs())
    counts_app.answer({"worker": 45, "mailer": 11})
    own_redis.start()
    system.wait_for_dynos(name, {"worker": 5})

    assert system.patches(name) == [{"worker": 5}]


def test_a_second_beat_does_not_poll_more_often(system, counts_app):
    system.start("beat")
    first = system.logs().count("tick.done")
    counts_app.clear()
    wait_until(lambda: system.logs().count("tick.done") >= first + 6)

    assert "tick.refused" in system.logs()
    assert system.polls <= 7
    gaps = [
        (later.at - earlier.at).total_seconds()
        for earlier, later in zip(
            counts_app.requests, counts_app.requests[2:], strict=False
        )
    ]
    assert min(gaps) > 1.5  # three polls span two periods, apart from jitter


def test_the_tick_of_a_restarted_beat_polls_nothing_twice(
    make_system, counts_app, name
):
    """It ticks as soon as it starts, but this period already had its tick."""
    system = make_system(SLEEP_PERIOD="3600")
    system.register(name, {"worker": 0})
    counts_app.clear()
    beat, _ = system.start("beat", "worker")
    wait_until(lambda: system.polls == 1)
    beat.kill()
    system.start("beat")
    wait_until(lambda: "tick.refused" in system.logs())

    assert system.polls == 1


def test_a_stopped_worker_finishes_its_evaluation(system, counts_app, name):
    counts_app.behave("slow", seconds=0.4, body={"worker": 45, "mailer": 11})
    system.wait_for_polls(1)
    system.worker.terminate_like_heroku(timeout=30)

    assert system.worker.pids() == []
    assert system.patches(name) == [{"worker": 5}]
    assert "Warm shutdown" in system.worker.log_text()


def test_a_failing_app_keeps_its_dynos(in_one, counts_app, name):
    """It hangs, drips, resets, is cut off, is huge, loops, then answers again."""
    for kind, options in (
        ("hang", {}),
        ("drip", {}),
        ("reset", {}),
        ("cut", {}),
        ("huge", {"size": 10_000_000}),
        ("redirect", {"to": counts_app.url}),
    ):
        counts_app.behave(kind, **options)
        in_one.wait_for_polls(2)
        counts_app.release()
    wait_until(lambda: len(in_one.events(name)) == 2, message="the hold is recorded")

    assert in_one.heroku.requests(app=name) == []
    assert in_one.events(name)[-1]["kind"] == "held"

    counts_app.answer({"worker": 0, "mailer": 11})
    in_one.wait_for_dynos(name, {"worker": 0, "mailer": 2})


def test_an_unknown_count_keeps_the_dynos(in_one, counts_app, name):
    for answer, status in (
        ({"worker": None, "mailer": 11}, 200),
        ({"mailer": 11}, 200),
        ({"worker": "0", "mailer": 11}, 200),
        ({"worker": False, "mailer": 11}, 200),
        (b'{"worker": NaN, "mailer": 11}', 200),
        (b'{"worker": -1, "mailer": 11}', 200),
        (b'{"worker": 0, "worker": 0, "mailer": 11}', 200),
        (b"<html>0</html>", 200),
        (b"", 200),
        ({"worker": 0, "mailer": 0}, 503),
    ):
        counts_app.answer(answer, status=status)
        in_one.wait_for_polls(2)
    held = [e["process_type"] for e in in_one.events(name) if e["kind"] == "held"]

    assert held == ["worker", None]
    assert in_one.patches(name) == []
    assert in_one.dynos(name) == {"worker": 3, "mailer": 2}


def test_a_hanging_app_does_not_delay_another(in_one, counts_app, name):
    counts_app.behave("hang")
    with CountsApp() as other:
        other.answer({"worker": 1})
        in_one.register(f"{name}-b", {"worker": 0}, other.url)
        in_one.wait_for_dynos(f"{name}-b", {"worker": 1})
        polls = len(other.requests)
        ticks = in_one.logs().count("tick.done")
        wait_until(lambda: in_one.logs().count("tick.done") >= ticks + 5)

        assert len(other.requests) - polls >= 4


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_call_that_heroku_refuses_is_retried_later(in_one, counts_app, name, status):
    in_one.heroku.fail(status, times=1)
    counts_app.answer({"worker": 45, "mailer": 0})
    wait_until(lambda: f"scale.held app={name}" in in_one.logs())
    in_one.wait_for_polls(2)

    assert in_one.dynos(name) == {"worker": 3, "mailer": 2}
    assert len(in_one.heroku.requests(app=name)) == 1

"""The account's calls in a real Redis."""

from __future__ import annotations

import pytest

from scalar.adapters.redis_account import KEY, RedisAccount
from scalar.adapters.redis_connection import connect
from scalar.errors import NotAuthorized, PlatformUnavailable, RateLimited
from scalar.model import Reason
from scalar.ports import Urgency


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def account(client):
    return RedisAccount(client, reserve=500)


def let_the_wait_end(client):
    """Be later than the end of the wait, without waiting."""
    client.hset(KEY, "blocked", 1)


def test_nothing_known_means_that_calls_may_be_made(account):
    assert [account.ask(urgency) for urgency in Urgency] == [None, None, None]


@pytest.mark.parametrize(
    ("remaining", "allowed"),
    [
        (4500, {Urgency.SCALE_UP, Urgency.SCALE_DOWN, Urgency.READ}),
        (499, {Urgency.SCALE_UP, Urgency.SCALE_DOWN}),
        (249, {Urgency.SCALE_UP}),
        (1, {Urgency.SCALE_UP}),
        (0, set()),
    ],
)
def test_when_calls_run_low_scale_ups_come_first(account, remaining, allowed):
    account.answered(remaining)

    assert {u for u in Urgency if account.ask(u) is None} == allowed


def test_the_refill_is_counted_in(account, client):
    """None left ten minutes ago: 750 by now."""
    account.answered(0)
    client.hset(KEY, "at", int(client.hget(KEY, "at")) - 600_000)

    assert account.ask(Urgency.READ) is None


@pytest.mark.parametrize(
    "error",
    [
        PlatformUnavailable("503", status=503),
        RateLimited("429", status=429),
        NotAuthorized("401", status=401),
    ],
    ids=["503", "429", "401"],
)
def test_after_a_failure_every_worker_waits(account, client, error):
    account.failed(error)

    assert RedisAccount(client, 500).ask(Urgency.SCALE_UP).reason is error.reason
    assert account.budget().reason == error.reason


def test_after_the_wait_one_call_tries_alone(account, client):
    account.failed(PlatformUnavailable("503"))
    let_the_wait_end(client)

    assert account.ask(Urgency.SCALE_UP) is None
    assert account.ask(Urgency.SCALE_UP).reason is Reason.HEROKU_UNAVAILABLE


def test_when_it_succeeds_all_may_call_again(account, client):
    account.failed(PlatformUnavailable("503"))
    let_the_wait_end(client)
    account.ask(Urgency.SCALE_UP)
    account.answered(4000)

    assert [account.ask(Urgency.READ) for _ in range(3)] == [None, None, None]


def wait_of(account, client):
    budget = account.budget()
    seconds, _ = client.time()
    return budget.blocked_until.timestamp() - seconds


def test_each_failure_after_a_wait_waits_longer_up_to_a_minute(account, client):
    waits = []
    for _ in range(8):
        account.failed(PlatformUnavailable("503"))
        waits.append(wait_of(account, client))
        let_the_wait_end(client)

    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= 60 * 1.2 + 1


def test_many_failures_at_the_same_time_are_one(account, client):
    for _ in range(50):
        account.failed(PlatformUnavailable("503"))

    assert wait_of(account, client) <= 5 * 1.2 + 1


def test_heroku_may_say_how_long_to_wait(account, client):
    account.failed(RateLimited("429", retry_after=120))

    assert 90 <= wait_of(account, client) <= 145


def test_a_wait_of_another_clock_does_not_last(account, client):
    """The Redis server's clock went back by a day."""
    account.failed(PlatformUnavailable("503"))
    client.hset(KEY, "blocked", (client.time()[0] + 86_400) * 1000)

    assert account.ask(Urgency.SCALE_UP) is None

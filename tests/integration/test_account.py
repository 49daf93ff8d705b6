"""The account's calls in a real Redis."""

from __future__ import annotations

import pytest

from scalar.adapters.redis.account import REDIS_KEY, RedisAccounts
from scalar.adapters.redis.account_names import AccountNames
from scalar.adapters.redis.connection import connect
from scalar.core.errors import NotAuthorized, PlatformUnavailable, RateLimited
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency

NAMES = AccountNames(Secret("the-key-of-all"), Secret("made-up"))
OWN, OTHER = Secret("own-key"), Secret("other-key")


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def accounts(client):
    return RedisAccounts(client, 500, NAMES)


def let_the_wait_end(client):
    """Be later than the end of the wait, without waiting."""
    client.hset(REDIS_KEY, "blocked", 1)


def test_nothing_known_means_that_calls_may_be_made(accounts):
    assert [accounts.of(SHARED_KEY).ask(urgency) for urgency in Urgency] == [
        None,
        None,
        None,
    ]


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
def test_when_calls_run_low_scale_ups_come_first(accounts, remaining, allowed):
    accounts.of(SHARED_KEY).answered(remaining)

    assert {u for u in Urgency if accounts.of(SHARED_KEY).ask(u) is None} == allowed


def test_the_refill_is_counted_in(accounts, client):
    """None left ten minutes ago: 750 by now."""
    accounts.of(SHARED_KEY).answered(0)
    client.hset(REDIS_KEY, "at", int(client.hget(REDIS_KEY, "at")) - 600_000)

    assert accounts.of(SHARED_KEY).ask(Urgency.READ) is None


@pytest.mark.parametrize(
    "error",
    [
        PlatformUnavailable("503", status=503),
        RateLimited("429", status=429),
        NotAuthorized("401", status=401),
    ],
    ids=["503", "429", "401"],
)
def test_after_a_failure_every_worker_waits(accounts, client, error):
    accounts.of(SHARED_KEY).failed(error)

    assert (
        RedisAccounts(client, 500, NAMES).of(SHARED_KEY).ask(Urgency.SCALE_UP).reason
        is error.reason
    )
    assert accounts.of(SHARED_KEY).budget().reason == error.reason


def test_after_the_wait_one_call_tries_alone(accounts, client):
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    let_the_wait_end(client)

    assert accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP) is None
    assert (
        accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP).reason
        is Reason.HEROKU_UNAVAILABLE
    )


def test_when_it_succeeds_all_may_call_again(accounts, client):
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    let_the_wait_end(client)
    accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP)
    accounts.of(SHARED_KEY).answered(4000)

    assert [accounts.of(SHARED_KEY).ask(Urgency.READ) for _ in range(3)] == [
        None,
        None,
        None,
    ]


def wait_of(accounts, client):
    budget = accounts.of(SHARED_KEY).budget()
    seconds, _ = client.time()
    return budget.blocked_until.timestamp() - seconds


def test_each_failure_after_a_wait_waits_longer_up_to_a_minute(accounts, client):
    waits = []
    for _ in range(8):
        accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
        waits.append(wait_of(accounts, client))
        let_the_wait_end(client)

    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= 60 * 1.2 + 1


def test_many_failures_at_the_same_time_are_one(accounts, client):
    for _ in range(50):
        accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))

    assert wait_of(accounts, client) <= 5 * 1.2 + 1


def test_heroku_may_say_how_long_to_wait(accounts, client):
    accounts.of(SHARED_KEY).failed(RateLimited("429", retry_after=120))

    assert 90 <= wait_of(accounts, client) <= 145


def test_a_wait_of_another_clock_does_not_last(accounts, client):
    """The Redis server's clock went back by a day."""
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    client.hset(REDIS_KEY, "blocked", (client.time()[0] + 86_400) * 1000)

    assert accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP) is None


# several accounts


@pytest.mark.parametrize(
    ("blamed", "others"),
    [
        pytest.param(OWN, [SHARED_KEY, OTHER], id="an app's own key"),
        pytest.param(SHARED_KEY, [OWN, OTHER], id="the key of all apps"),
    ],
)
def test_a_key_that_is_refused_holds_no_other(accounts, blamed, others):
    accounts.of(blamed).failed(NotAuthorized("401", status=401))

    assert accounts.of(blamed).ask(Urgency.SCALE_UP).reason is Reason.NOT_AUTHORIZED
    assert [accounts.of(key).ask(Urgency.READ) for key in others] == [None, None]
    assert accounts.of(blamed).budget().reason == "not_authorized"
    assert accounts.of(others[0]).budget().reason == ""


def test_calls_that_are_used_up_hold_no_other_account(accounts):
    accounts.of(OWN).answered(0)
    accounts.of(SHARED_KEY).answered(4000)

    assert accounts.of(OWN).ask(Urgency.SCALE_UP).reason is Reason.CALLS_LOW
    assert accounts.of(SHARED_KEY).ask(Urgency.READ) is None
    assert accounts.of(OTHER).ask(Urgency.READ) is None
    assert [
        accounts.of(key).budget().remaining for key in (OWN, SHARED_KEY, OTHER)
    ] == [*(0, 4000, None)]


def test_an_answer_opens_its_own_account_alone(accounts):
    for key in (OWN, OTHER):
        accounts.of(key).failed(PlatformUnavailable("503"))
    accounts.of(OWN).answered(4000)

    assert accounts.of(OWN).ask(Urgency.READ) is None
    assert accounts.of(OTHER).ask(Urgency.READ).reason is Reason.HEROKU_UNAVAILABLE


def test_one_call_tries_for_each_account(accounts, client):
    for key in (OWN, OTHER):
        accounts.of(key).failed(PlatformUnavailable("503"))
        client.hset(f"{REDIS_KEY}:{NAMES.of(key)}", "blocked", 1)

    asked = [accounts.of(key).ask(Urgency.SCALE_UP) for key in (OWN, OTHER, OWN, OTHER)]
    assert [denial is None for denial in asked] == [True, True, False, False]


def test_an_own_key_that_is_the_one_of_all_shares_its_account(accounts):
    accounts.of(Secret("the-key-of-all")).answered(7)

    assert accounts.of(SHARED_KEY).budget().remaining == 7


def test_redis_is_told_no_key(accounts, client):
    for key in (OWN, SHARED_KEY):
        accounts.of(key).answered(7)
        accounts.of(key).failed(NotAuthorized("401", status=401))
        accounts.of(key).ask(Urgency.READ)

    said = repr([(key, client.hgetall(key)) for key in client.scan_iter()])
    assert "own-key" not in said
    assert "the-key-of-all" not in said

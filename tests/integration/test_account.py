"""The account's calls in a real Redis."""

from __future__ import annotations

import pytest

from scalar.adapters.redis.account import KEY, RedisAccount
from scalar.adapters.redis.account_names import AccountNames
from scalar.adapters.redis.connection import connect
from scalar.core.errors import NotAuthorized, PlatformUnavailable, RateLimited
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.ports.account import Urgency

NAMES = AccountNames(Secret("the-key-of-all"), Secret("made-up"))
OWN, OTHER = Secret("own-key"), Secret("other-key")


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def account(client):
    return RedisAccount(client, 500, NAMES)


def let_the_wait_end(client):
    """Be later than the end of the wait, without waiting."""
    client.hset(KEY, "blocked", 1)


def test_nothing_known_means_that_calls_may_be_made(account):
    assert [account.ask(urgency, SHARED_KEY) for urgency in Urgency] == [
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
def test_when_calls_run_low_scale_ups_come_first(account, remaining, allowed):
    account.answered(remaining, SHARED_KEY)

    assert {u for u in Urgency if account.ask(u, SHARED_KEY) is None} == allowed


def test_the_refill_is_counted_in(account, client):
    """None left ten minutes ago: 750 by now."""
    account.answered(0, SHARED_KEY)
    client.hset(KEY, "at", int(client.hget(KEY, "at")) - 600_000)

    assert account.ask(Urgency.READ, SHARED_KEY) is None


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
    account.failed(error, SHARED_KEY)

    assert (
        RedisAccount(client, 500, NAMES).ask(Urgency.SCALE_UP, SHARED_KEY).reason
        is error.reason
    )
    assert account.budget(SHARED_KEY).reason == error.reason


def test_after_the_wait_one_call_tries_alone(account, client):
    account.failed(PlatformUnavailable("503"), SHARED_KEY)
    let_the_wait_end(client)

    assert account.ask(Urgency.SCALE_UP, SHARED_KEY) is None
    assert account.ask(Urgency.SCALE_UP, SHARED_KEY).reason is Reason.HEROKU_UNAVAILABLE


def test_when_it_succeeds_all_may_call_again(account, client):
    account.failed(PlatformUnavailable("503"), SHARED_KEY)
    let_the_wait_end(client)
    account.ask(Urgency.SCALE_UP, SHARED_KEY)
    account.answered(4000, SHARED_KEY)

    assert [account.ask(Urgency.READ, SHARED_KEY) for _ in range(3)] == [
        None,
        None,
        None,
    ]


def wait_of(account, client):
    budget = account.budget(SHARED_KEY)
    seconds, _ = client.time()
    return budget.blocked_until.timestamp() - seconds


def test_each_failure_after_a_wait_waits_longer_up_to_a_minute(account, client):
    waits = []
    for _ in range(8):
        account.failed(PlatformUnavailable("503"), SHARED_KEY)
        waits.append(wait_of(account, client))
        let_the_wait_end(client)

    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= 60 * 1.2 + 1


def test_many_failures_at_the_same_time_are_one(account, client):
    for _ in range(50):
        account.failed(PlatformUnavailable("503"), SHARED_KEY)

    assert wait_of(account, client) <= 5 * 1.2 + 1


def test_heroku_may_say_how_long_to_wait(account, client):
    account.failed(RateLimited("429", retry_after=120), SHARED_KEY)

    assert 90 <= wait_of(account, client) <= 145


def test_a_wait_of_another_clock_does_not_last(account, client):
    """The Redis server's clock went back by a day."""
    account.failed(PlatformUnavailable("503"), SHARED_KEY)
    client.hset(KEY, "blocked", (client.time()[0] + 86_400) * 1000)

    assert account.ask(Urgency.SCALE_UP, SHARED_KEY) is None


# several accounts


@pytest.mark.parametrize(
    ("blamed", "others"),
    [
        pytest.param(OWN, [SHARED_KEY, OTHER], id="an app's own key"),
        pytest.param(SHARED_KEY, [OWN, OTHER], id="the key of all apps"),
    ],
)
def test_a_key_that_is_refused_holds_no_other(account, blamed, others):
    account.failed(NotAuthorized("401", status=401), blamed)

    assert account.ask(Urgency.SCALE_UP, blamed).reason is Reason.NOT_AUTHORIZED
    assert [account.ask(Urgency.READ, key) for key in others] == [None, None]
    assert account.budget(blamed).reason == "not_authorized"
    assert account.budget(others[0]).reason == ""


def test_calls_that_are_used_up_hold_no_other_account(account):
    account.answered(0, OWN)
    account.answered(4000, SHARED_KEY)

    assert account.ask(Urgency.SCALE_UP, OWN).reason is Reason.CALLS_LOW
    assert account.ask(Urgency.READ, SHARED_KEY) is None
    assert account.ask(Urgency.READ, OTHER) is None
    assert [account.budget(key).remaining for key in (OWN, SHARED_KEY, OTHER)] == [
        *(0, 4000, None)
    ]


def test_an_answer_opens_its_own_account_alone(account):
    for key in (OWN, OTHER):
        account.failed(PlatformUnavailable("503"), key)
    account.answered(4000, OWN)

    assert account.ask(Urgency.READ, OWN) is None
    assert account.ask(Urgency.READ, OTHER).reason is Reason.HEROKU_UNAVAILABLE


def test_one_call_tries_for_each_account(account, client):
    for key in (OWN, OTHER):
        account.failed(PlatformUnavailable("503"), key)
        client.hset(f"{KEY}:{NAMES.of(key)}", "blocked", 1)

    asked = [account.ask(Urgency.SCALE_UP, key) for key in (OWN, OTHER, OWN, OTHER)]
    assert [denial is None for denial in asked] == [True, True, False, False]


def test_an_own_key_that_is_the_one_of_all_shares_its_account(account):
    account.answered(7, Secret("the-key-of-all"))

    assert account.budget(SHARED_KEY).remaining == 7


def test_redis_is_told_no_key(account, client):
    for key in (OWN, SHARED_KEY):
        account.answered(7, key)
        account.failed(NotAuthorized("401", status=401), key)
        account.ask(Urgency.READ, key)

    said = repr([(key, client.hgetall(key)) for key in client.scan_iter()])
    assert "own-key" not in said
    assert "the-key-of-all" not in said

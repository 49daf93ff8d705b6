"""Metering the calls of Heroku accounts, in a real Redis."""

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

NAMES = AccountNames(Secret("shared-key"), Secret("made-up"))
OWN, OTHER = Secret("own-key"), Secret("other-key")


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def accounts(client):
    return RedisAccounts(client, 500, NAMES)


def end_the_block(client):
    """Move the end of the block into the past."""
    client.hset(REDIS_KEY, "blocked", 1)


def test_calls_are_permitted_when_nothing_is_known(accounts):
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
def test_scale_ups_have_priority_when_calls_run_low(accounts, remaining, allowed):
    accounts.of(SHARED_KEY).answered(remaining)

    assert {u for u in Urgency if accounts.of(SHARED_KEY).ask(u) is None} == allowed


def test_the_bucket_refills_over_time(accounts, client):
    """None were left ten minutes ago: 750 by now."""
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
def test_a_failure_blocks_every_worker(accounts, client, error):
    accounts.of(SHARED_KEY).failed(error)

    assert (
        RedisAccounts(client, 500, NAMES).of(SHARED_KEY).ask(Urgency.SCALE_UP).reason
        is error.reason
    )
    assert accounts.of(SHARED_KEY).budget().reason == error.reason


def test_calls_that_wait_are_told_the_words_of_the_error(accounts, client):
    words = "Heroku answered 503: try later (request 1-2-3)"
    accounts.of(SHARED_KEY).failed(PlatformUnavailable(words, status=503))

    told = accounts.of(SHARED_KEY).ask(Urgency.READ).detail
    assert told.startswith(f"{words}; next try in ")
    assert accounts.of(SHARED_KEY).budget().words == words
    end_the_block(client)
    accounts.of(SHARED_KEY).ask(Urgency.READ)
    told = accounts.of(SHARED_KEY).ask(Urgency.READ).detail
    assert told == f"{words}; a probe call is under way"


def test_one_probe_call_is_permitted_after_the_block(accounts, client):
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    end_the_block(client)

    assert accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP) is None
    assert (
        accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP).reason
        is Reason.HEROKU_UNAVAILABLE
    )


def test_a_successful_probe_permits_all_calls(accounts, client):
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    end_the_block(client)
    accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP)
    accounts.of(SHARED_KEY).answered(4000)

    assert [accounts.of(SHARED_KEY).ask(Urgency.READ) for _ in range(3)] == [
        None,
        None,
        None,
    ]


def seconds_blocked(accounts, client):
    budget = accounts.of(SHARED_KEY).budget()
    seconds, _ = client.time()
    return budget.blocked_until.timestamp() - seconds


def test_each_failed_probe_blocks_for_longer_up_to_a_minute(accounts, client):
    waits = []
    for _ in range(8):
        accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
        waits.append(seconds_blocked(accounts, client))
        end_the_block(client)

    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= 60 * 1.2 + 1


def test_simultaneous_failures_count_as_one(accounts, client):
    for _ in range(50):
        accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))

    assert seconds_blocked(accounts, client) <= 5 * 1.2 + 1


def test_retry_after_sets_the_length_of_the_block(accounts, client):
    accounts.of(SHARED_KEY).failed(RateLimited("429", retry_after=120))

    assert 90 <= seconds_blocked(accounts, client) <= 145


def test_a_block_written_by_another_clock_is_ignored(accounts, client):
    """The Redis server's clock went back by a day."""
    accounts.of(SHARED_KEY).failed(PlatformUnavailable("503"))
    client.hset(REDIS_KEY, "blocked", (client.time()[0] + 86_400) * 1000)

    assert accounts.of(SHARED_KEY).ask(Urgency.SCALE_UP) is None


# several accounts


@pytest.mark.parametrize(
    ("blamed", "others"),
    [
        pytest.param(OWN, [SHARED_KEY, OTHER], id="an app's own key"),
        pytest.param(SHARED_KEY, [OWN, OTHER], id="the shared key"),
    ],
)
def test_a_rejected_key_does_not_block_other_accounts(accounts, blamed, others):
    accounts.of(blamed).failed(NotAuthorized("401", status=401))

    assert accounts.of(blamed).ask(Urgency.SCALE_UP).reason is Reason.NOT_AUTHORIZED
    assert [accounts.of(key).ask(Urgency.READ) for key in others] == [None, None]
    assert accounts.of(blamed).budget().reason == "not_authorized"
    assert accounts.of(others[0]).budget().reason == ""


def test_an_account_without_calls_does_not_block_others(accounts):
    accounts.of(OWN).answered(0)
    accounts.of(SHARED_KEY).answered(4000)

    assert accounts.of(OWN).ask(Urgency.SCALE_UP).reason is Reason.CALLS_LOW
    assert accounts.of(SHARED_KEY).ask(Urgency.READ) is None
    assert accounts.of(OTHER).ask(Urgency.READ) is None
    assert [
        accounts.of(key).budget().remaining for key in (OWN, SHARED_KEY, OTHER)
    ] == [*(0, 4000, None)]


def test_an_answer_unblocks_only_its_own_account(accounts):
    for key in (OWN, OTHER):
        accounts.of(key).failed(PlatformUnavailable("503"))
    accounts.of(OWN).answered(4000)

    assert accounts.of(OWN).ask(Urgency.READ) is None
    assert accounts.of(OTHER).ask(Urgency.READ).reason is Reason.HEROKU_UNAVAILABLE


def test_each_account_has_its_own_probe_call(accounts, client):
    for key in (OWN, OTHER):
        accounts.of(key).failed(PlatformUnavailable("503"))
        client.hset(f"{REDIS_KEY}:{NAMES.of(key)}", "blocked", 1)

    asked = [accounts.of(key).ask(Urgency.SCALE_UP) for key in (OWN, OTHER, OWN, OTHER)]
    assert [denial is None for denial in asked] == [True, True, False, False]


def test_an_own_key_equal_to_the_shared_one_has_the_same_account(accounts):
    accounts.of(Secret("shared-key")).answered(7)

    assert accounts.of(SHARED_KEY).budget().remaining == 7


def test_no_heroku_key_is_stored_in_redis(accounts, client):
    for key in (OWN, SHARED_KEY):
        accounts.of(key).answered(7)
        accounts.of(key).failed(NotAuthorized("401", status=401))
        accounts.of(key).ask(Urgency.READ)

    stored = repr([(key, client.hgetall(key)) for key in client.scan_iter()])
    assert "own-key" not in stored
    assert "shared-key" not in stored

"""One contract for an account: in a real Redis, and in the simulation."""

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
from simulation.account_twin import AccountTwin

RESERVE = 500


class Simulated:
    """The twin, and a way to be later."""

    def __init__(self, _url):
        self.now = 1_000.0
        self.state = {}
        self.account = AccountTwin(lambda: self.state, lambda: self.now, RESERVE)

    def let_the_wait_end(self):
        self.now += 1_000


class Real:
    """The script, and a way to be later without waiting."""

    def __init__(self, url):
        self.client = connect(url)
        names = AccountNames(Secret("the-key-of-all"), Secret("made-up"))
        self.account = RedisAccounts(self.client, RESERVE, names).of(SHARED_KEY)

    def let_the_wait_end(self):
        self.client.hset(REDIS_KEY, "blocked", 1)


@pytest.fixture(params=[Simulated, Real], ids=["simulation", "redis"])
def one(request, redis_url):
    return request.param(redis_url)


def reason_of(cause):
    return None if cause is None else cause.reason


@pytest.mark.parametrize("remaining", [4500, 499, 249, 1, 0])
def test_when_calls_run_low_scale_ups_come_first(one, remaining):
    needed = {Urgency.SCALE_UP: 1, Urgency.SCALE_DOWN: 250, Urgency.READ: 500}
    one.account.answered(remaining)

    for urgency, least in needed.items():
        denied = None if remaining >= least else Reason.CALLS_LOW
        assert reason_of(one.account.ask(urgency)) == denied


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PlatformUnavailable("no answer"), Reason.HEROKU_UNAVAILABLE),
        (RateLimited("429", retry_after=20), Reason.RATE_LIMITED),
        (NotAuthorized("401"), Reason.NOT_AUTHORIZED),
    ],
)
def test_after_a_failure_nobody_calls_then_one_tries_then_all_do(one, error, reason):
    one.account.failed(error)
    assert reason_of(one.account.ask(Urgency.SCALE_UP)) == reason

    one.let_the_wait_end()
    assert one.account.ask(Urgency.SCALE_UP) is None
    assert reason_of(one.account.ask(Urgency.SCALE_UP)) == reason

    one.account.answered(4_000)
    assert one.account.ask(Urgency.SCALE_UP) is None
    assert one.account.ask(Urgency.READ) is None
    assert one.account.budget().remaining == 4_000

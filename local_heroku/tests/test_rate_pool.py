"""The rate limit of an account: 4500 requests, one more every 0.8 s."""

from __future__ import annotations

from local_heroku.rate_pool import RatePool
from local_heroku.tests.world import NOON, at


def heroku_pool():
    return RatePool(4500, 75, NOON)


def test_a_new_pool_is_full_and_each_request_takes_one():
    pool = heroku_pool()
    assert pool.remaining(NOON) == 4500

    assert pool.take(NOON)
    assert pool.take(NOON)
    assert pool.remaining(NOON) == 4498


def test_requests_that_an_empty_pool_refuses_are_free():
    pool = RatePool(2, 75, NOON)
    taken = [pool.take(NOON) for _ in range(5)]

    assert taken == [True, True, False, False, False]
    assert pool.remaining(at(0.7)) == 0
    assert pool.remaining(at(0.8)) == 1


def test_it_refills_at_75_a_minute_up_to_its_capacity():
    pool = heroku_pool()
    pool.set_remaining(0, NOON)

    assert pool.remaining(at(60)) == 75
    assert pool.remaining(at(1800)) == 2250
    assert pool.remaining(at(3600)) == 4500
    assert pool.remaining(at(7200)) == 4500


def test_the_remaining_requests_can_be_set_up_to_the_capacity():
    pool = heroku_pool()

    pool.set_remaining(3, NOON)
    assert pool.remaining(NOON) == 3

    pool.set_remaining(9999, NOON)
    assert pool.remaining(NOON) == 4500

"""Whether an answer is of now: `Age`, and `Date` beside the same app's earlier ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from scalar.adapters.http.freshness import Freshness
from scalar.core.errors import CountsUnavailable

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def is_fresh():
    """Say whether an answer is fresh; `date` and `at` are seconds after noon."""
    freshness = Freshness(10)

    def check(date, at, app="shop", **headers):
        said = format_datetime(NOON + timedelta(seconds=date), usegmt=True)
        try:
            freshness.check(app, {"Date": said, **headers}, at)
        except CountsUnavailable:
            return False
        return True

    return check


def test_an_answer_without_a_date_or_with_a_strange_one_is_fresh():
    freshness = Freshness(10)
    for headers in ({}, {"Date": "yesterday"}, {"Date": "\xb2"}, {"Age": "\xb2"}):
        freshness.check("shop", headers, 0.0)


@pytest.mark.parametrize("age", ["11", " 86400", "9" * 5_000])
def test_an_age_above_a_period_is_stale(is_fresh, age):
    assert not is_fresh(0, 0, Age=age)
    assert is_fresh(0, 0, Age="10")


def test_a_date_of_another_clock_is_fresh_as_long_as_it_advances(is_fresh):
    years = -2 * 365 * 86_400

    assert [is_fresh(years + at, at) for at in range(0, 100, 10)] == [True] * 10


def test_a_date_that_stands_still_is_stale_after_a_period(is_fresh):
    assert [is_fresh(0, at) for at in range(0, 50, 10)] == [True, True] + [False] * 3
    assert is_fresh(50, 50)


def test_an_answer_of_long_ago_is_stale_after_one_of_now(is_fresh):
    assert is_fresh(0, 0)
    assert not is_fresh(-86_400, 1)
    assert is_fresh(0, 1, app="another")


def test_a_clock_that_was_set_back_is_believed_once_it_runs(is_fresh):
    assert is_fresh(0, 0)
    assert not is_fresh(-3_590, 10)
    assert is_fresh(-3_580, 20)
    assert is_fresh(-3_570, 30)


def test_clocks_of_two_dynos_may_differ_by_seconds(is_fresh):
    dates = [at + (5 if at % 20 else 0) for at in range(0, 200, 10)]

    assert all(
        is_fresh(date, at) for date, at in zip(dates, range(0, 200, 10), strict=True)
    )

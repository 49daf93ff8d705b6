"""An app that does not answer is polled less often, and at once when it does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.backoff import MOST_PERIODS, rest_after
from scalar.core.errors import CountsMalformed, CountsUnavailable
from tests.unit.world import World


@pytest.mark.parametrize(
    ("unanswered", "seconds"),
    [
        pytest.param(1, 0, id="once: it may have restarted"),
        pytest.param(2, 0, id="twice"),
        pytest.param(3, 20, id="three times: every second period"),
        pytest.param(4, 40, id="every fourth"),
        pytest.param(5, 60, id="the bound"),
        pytest.param(10_000, 60, id="and no more, for days"),
    ],
)
def test_the_rest_doubles_up_to_the_bound(unanswered, seconds):
    assert rest_after(unanswered, period=10, most=60, jitter=0) == seconds


def test_jitter_takes_up_to_a_fifth_off():
    assert rest_after(5, period=10, most=60, jitter=1) == pytest.approx(48)


def test_a_bound_of_0_is_no_rest():
    assert rest_after(100, period=10, most=0, jitter=0) == 0


def test_a_rest_is_no_shorter_than_the_period_that_there_is_anyway():
    assert rest_after(100, period=300, most=60, jitter=0) == 0


@given(
    st.integers(0, 10**9), st.integers(1, 86_400), st.floats(0, 3600), st.floats(0, 1)
)
def test_the_bounds_hold(unanswered, period, most, jitter):
    rest = rest_after(unanswered, period, most, jitter)

    assert 0 <= rest <= min(most, MOST_PERIODS * period)


def polls(world, ticks):
    """Let ticks go by; return how often `shop` was polled."""
    polled = []
    for _ in range(ticks):
        world.clock.walk(10)
        polled += world.tick()
    return polled.count("shop")


@pytest.mark.parametrize(
    "error", [CountsUnavailable("HTTP 500"), CountsMalformed("no JSON")]
)
def test_a_failing_app_is_polled_less_often_and_the_others_are_not(error):
    world = World()
    world.add(worker=1)
    world.add("other", worker=1)
    world.report(error)
    world.report({"worker": 1}, "other")

    assert polls(world, 3) == 3
    assert polls(world, 60) <= 15


def test_once_it_answers_it_is_polled_at_every_tick():
    world = World()
    world.add(worker=1)
    world.report(CountsUnavailable("HTTP 500"))
    polls(world, 60)
    world.report({"worker": 1})
    polls(world, 6)  # the longest rest

    assert polls(world, 10) == 10


def test_an_app_that_is_removed_leaves_no_rest_behind():
    world = World()
    world.add(worker=1)
    world.report(CountsUnavailable("HTTP 500"))
    polls(world, 10)

    assert world.coordinator.standing([1])[1].waits < 0

    world.coordinator.forget(1)

    assert world.coordinator.standing([1]) == {}

"""The recommendations of a window, walked through second by second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalar.core.recommendation_window import SLICES, recent, remember, within

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WINDOW = timedelta(seconds=300)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def remembered(*samples, window=WINDOW):
    slices = ()
    for seconds, recommended in samples:
        slices = remember(slices, window, at(seconds), recommended)
    return slices


def extremes(slices, seconds, window=WINDOW):
    """Return the lowest and the highest of the window at a time."""
    found = within(slices, window, at(seconds))
    return [min(s.lowest for s in found), max(s.highest for s in found)]


def test_the_lowest_and_the_highest_of_the_window_count():
    slices = remembered((0, 4), (100, 9), (200, 2))

    assert extremes(slices, 200) == [2, 9]
    assert extremes(slices, 299) == [2, 9]
    assert extremes(slices, 399) == [2, 9]  # 9 from 12:01:40 still counts
    assert extremes(slices, 400) == [2, 2]  # it has scrolled out
    assert within(slices, WINDOW, at(500)) == ()


def test_what_comes_within_a_thirtieth_of_the_window_is_one_slice():
    """300 s / 30 = 10 s."""
    slices = remembered((0, 4), (5, 9), (9.9, 1), (10, 5))

    assert [(s.lowest, s.highest) for s in slices] == [(1, 9), (5, 5)]
    assert (slices[0].since, slices[0].until) == (at(0), at(9.9))


def test_a_recommendation_may_count_a_slice_longer_but_never_shorter():
    slices = remembered((0, 9), (9, 4))

    assert extremes(slices, 300) == [4, 9]
    assert within(slices, WINDOW, at(309)) == ()


def test_what_is_remembered_of_the_future_is_dropped():
    """The clock was set back by an hour."""
    slices = remembered((3_600, 9), (0, 4))

    assert [(s.until, s.highest) for s in slices] == [(at(0), 4)]


def test_the_newest_recommendation_counts_if_the_window_has_none():
    """Polls further apart than the window: what was said holds until now."""
    slices = remembered((0, 9), (600, 4))

    assert [s.highest for s in recent(slices, WINDOW, at(1200), interrupted=False)] == [
        4
    ]
    assert recent(slices, WINDOW, at(1200), interrupted=True) == ()
    assert recent(slices, WINDOW, at(601), interrupted=True) == slices
    assert recent((), WINDOW, at(0), interrupted=False) == ()


def test_the_newest_one_is_not_one_of_the_future():
    slices = remembered((0, 9))

    assert recent(slices, WINDOW, at(-1), interrupted=False) == ()


@pytest.mark.parametrize("period", [0.1, 1, 9.9, 10, 10.1, 33])
def test_the_cost_does_not_grow_with_the_number_of_recommendations(period):
    slices, most = (), 0
    for number in range(5_000):
        slices = remember(slices, WINDOW, at(number * period), number % 7)
        most = max(most, len(slices))

    assert most <= SLICES + 2


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 50)), min_size=1, max_size=60
    ),
    st.integers(1, 600),
)
def test_all_of_the_window_counts_and_nothing_much_older(samples, seconds):
    window = timedelta(seconds=seconds)
    slices, now, told = (), 0, []
    for gap, recommended in samples:
        now += gap
        told.append((now, recommended))
        slices = remember(slices, window, at(now), recommended)
        low, high = extremes(slices, now, window)

        sure = [r for when, r in told if now - when < seconds]
        maybe = [r for when, r in told if now - when < seconds + seconds / SLICES]
        assert min(maybe) <= low <= min(sure)
        assert max(sure) <= high <= max(maybe)

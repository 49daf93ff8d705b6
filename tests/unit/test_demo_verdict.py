"""The demo's verdict: did the dynos follow the counts?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.verdict import Sample, judge
from scalar.core.decision.boundary import recommend_by_boundary

BOUNDARY = 5
EVERY = 0.25


def seen(*changes, until, name="worker"):
    """Samples four times a second; each change is (time, count, quantity)."""
    samples, left, now = [], list(changes), None
    for step in range(round(until / EVERY)):
        at = step * EVERY
        while left and left[0][0] <= at:
            now = left.pop(0)
        samples.append(Sample(at, name, now[1], now[2]))
    return samples


def verdict(samples, *names):
    return judge(samples, names or ("worker",), boundary=BOUNDARY, period=1)


#: 12 jobs come at 5 s and are gone at 15 s; the dynos are a second late.
RISE_AND_FALL = ((0, 0, 0), (5, 12, 0), (6, 12, 3), (15, 0, 3), (16, 0, 0))


def test_a_rise_and_a_fall_are_followed():
    assert verdict(seen(*RISE_AND_FALL, until=25)).followed


def test_dynos_four_seconds_late_are_still_explained_and_later_ones_are_not():
    in_time = seen((0, 0, 0), (5, 12, 0), (9, 12, 3), (15, 0, 3), (19, 0, 0), until=25)
    late = seen((0, 0, 0), (5, 12, 0), (9.5, 12, 3), (15, 0, 3), (16, 0, 0), until=25)

    assert verdict(in_time).followed
    (text,) = verdict(late).wrong
    assert text == (
        "worker had quantity 0 at 9.0 s, though the counts of the last 4 s ask for 3 "
        "(2 of 100 samples are so)"
    )


def test_dynos_that_nothing_asks_for_are_wrong():
    samples = seen(*RISE_AND_FALL, (20, 0, 1), until=25)

    (text,) = verdict(samples).wrong
    assert text.startswith("worker had quantity 1 at 20.0 s, though the counts")
    assert "ask for 0 (" in text


def test_dynos_that_stay_are_wrong_and_have_not_come_back():
    done = verdict(seen((0, 0, 0), (5, 12, 0), (6, 12, 3), (15, 0, 3), until=25))

    assert done.wrong[0].startswith("worker had quantity 3 at 19.0 s")
    assert done.missing == ("worker did not come back to 0 with the count at 0",)


def test_a_quantity_between_two_samples_is_explained():
    """The count fell from 20 to 5; it was 11 when the scaler asked."""
    samples = seen(
        *((0, 0, 0), (5, 20, 0), (6, 20, 4), (9, 5, 4), (9.25, 5, 3), (10, 5, 1)),
        *((15, 0, 1), (16, 0, 0)),
        until=25,
    )

    assert verdict(samples).followed


def test_a_count_that_stands_for_long_must_be_reached():
    """For 3.5 s 12 jobs ask for 3 dynos; for 2 s they do not have to come."""
    long = seen((0, 0, 0), (5, 12, 0), (6, 12, 2), (8.5, 0, 2), (9, 0, 0), until=25)
    short = seen((0, 0, 0), (5, 12, 0), (6, 12, 2), (7, 0, 2), (8, 0, 0), until=25)

    assert verdict(long).missing == (
        "worker reached quantity 2; count 12, which lasted 3 s, asks for 3",
    )
    assert verdict(short).followed


def test_without_load_nothing_is_shown():
    done = verdict(seen((0, 0, 0), until=25))

    assert done.wrong == ()
    assert done.missing == ("worker did not go up from 0",)


def test_dynos_that_were_there_from_the_beginning_did_not_go_up():
    samples = seen((0, 12, 3), (15, 0, 3), (16, 0, 0), until=25)

    assert verdict(samples).missing == ("worker did not go up from 0",)


def test_a_zero_while_jobs_wait_is_no_coming_back():
    samples = seen(
        *((0, 0, 0), (5, 5, 0), (6, 5, 1), (10, 0, 1), (10.5, 1, 1), (10.75, 1, 0)),
        until=14,
    )

    assert verdict(samples).missing == (
        "worker did not come back to 0 with the count at 0",
    )


def test_an_unknown_count_says_nothing():
    """Nor does the time after it, in which an unseen count may be acted upon."""
    unseen = (*RISE_AND_FALL, (20, None, 0), (20.25, None, 9), (20.5, 0, 9))

    assert verdict(seen(*unseen, (24.25, 0, 0), until=30)).followed
    assert verdict(seen(*unseen, until=30)).wrong  # 9 dynos for 4 s and more


def test_a_time_without_samples_says_nothing():
    samples = [
        sample
        for sample in seen(
            *(*RISE_AND_FALL, (20, 60, 0), (20.5, 60, 12), (21, 0, 12), (24.5, 0, 0)),
            until=30,
        )
        if not 20 <= sample.at < 21
    ]

    assert verdict(samples).followed


def test_where_little_is_known_there_is_no_verdict():
    samples = seen(*RISE_AND_FALL, (17, None, 0), until=60)

    assert verdict(samples).missing == (
        "worker cannot be judged: 52 of 240 samples tell enough",
    )


def test_without_samples_there_is_no_verdict():
    assert verdict([]).missing == (
        "worker cannot be judged: 0 of 0 samples tell enough",
    )


def test_each_process_type_is_judged_by_itself():
    worker = seen(*RISE_AND_FALL, until=25)
    mailer = seen((0, 0, 0), (5, 12, 0), until=25, name="mailer")
    web = seen((0, None, 1), until=25, name="web")
    samples = sorted([*worker, *mailer, *web], key=lambda sample: sample.at)

    assert verdict(samples, "worker").followed
    assert [text.split()[0] for text in verdict(samples, "worker", "mailer").wrong] == [
        "mailer"
    ]


@given(st.lists(st.integers(0, 40), min_size=40, max_size=120), st.integers(1, 8))
def test_a_scaler_that_is_two_periods_late_at_most_is_never_wrong(counts, late):
    """It reads once a period, and Heroku has the quantity up to 2 s later."""
    quantity, coming, samples = 0, {}, []
    for step, count in enumerate(counts):
        quantity = coming.pop(step, quantity)
        if step % 4 == 0:
            coming[step + late] = recommend_by_boundary(count, BOUNDARY)
        samples.append(Sample(step * EVERY, "worker", count, quantity))

    assert verdict(samples).wrong == ()


@pytest.mark.parametrize("boundary", [0, 1, 10])
def test_the_formula_of_the_scaler_is_what_counts(boundary):
    quantity = {0: 1, 1: 12, 10: 2}[boundary]
    samples = seen(
        *((0, 0, 0), (5, 12, 0), (6, 12, quantity), (15, 0, quantity), (16, 0, 0)),
        until=25,
    )

    assert judge(samples, ["worker"], boundary=boundary, period=1).followed

"""The checker finds an app that is polled too late or too often."""

from __future__ import annotations

from chaos.check_polls import check_frequency, check_resumption, polls_of, resumed_after
from tests.unit.chaos_history import (
    BOUNDARY,
    answered,
    fault,
    history,
    polled,
    unknown,
)

APP = BOUNDARY


def too_late(run):
    return [violation.what for violation in check_resumption(run)]


def too_often(run):
    return [violation.what for violation in check_frequency(run)]


def test_a_run_without_faults_is_right():
    run = history(answers=polled(APP))

    assert too_late(run) == too_often(run) == []


def test_polling_that_resumes_in_time_is_right():
    """A fault until 20.5 s; the next poll comes 9.5 s later, 10 s are allowed."""
    run = history(
        answers=polled(APP, *range(5, 15)), spans=[fault("redis full", 9, 20.5)]
    )

    assert too_late(run) == []
    assert resumed_after(run, run.spans[0]) == 9.5


def test_polling_that_resumes_too_late_is_found():
    run = history(
        answers=polled(APP, *range(5, 16)), spans=[fault("redis full", 9, 20.5)]
    )

    [late] = too_late(run)
    assert late.startswith("app-00 was polled 11.5 s after the end of 'redis full'")


def test_polling_that_never_resumes_is_found():
    run = history(
        answers=polled(APP, *range(5, 40)), spans=[fault("redis full", 9, 20)]
    )

    assert len(too_late(run)) == 1
    assert resumed_after(run, run.spans[0]) == float("inf")


def test_a_sick_app_need_not_be_polled():
    run = history(
        answers=polled(APP, *range(5, 20)),
        spans=[fault("redis full", 9, 12), fault("app hang", 9, 38, APP)],
    )

    assert too_late(run) == []


def test_an_app_that_has_recovered_must_be_polled():
    run = history(
        answers=polled(APP, *range(5, 25)), spans=[fault("app hang", 9, 30, APP)]
    )

    assert len(too_late(run)) == 1


def test_only_the_last_of_overlapping_faults_counts():
    run = history(
        answers=polled(APP, *range(5, 20)),
        spans=[fault("redis full", 9, 12), fault("beat frozen", 10, 38)],
    )

    assert too_late(run) == []


def test_two_polls_in_a_period_are_found():
    run = history(answers=[*polled(APP), answered(APP, 20.6)])

    assert too_often(run) == [
        "app-00 was polled 2 times within 0.60 s, they must be at least 1 s apart"
    ]


def test_a_tick_may_come_a_quarter_early():
    run = history(answers=[*polled(APP, 11), answered(APP, 21.5)])

    assert too_often(run) == []


def test_a_late_message_may_be_close_to_the_next_during_a_fault():
    run = history(
        answers=[*polled(APP, 10), answered(APP, 21.6)],
        spans=[fault("redis full", 17, 21)],
    )

    assert too_often(run) == []


def test_a_poll_that_a_busy_machine_delayed_is_not_a_second_tick():
    """It is close to the next one, but far from the one before."""
    run = history(answers=[*polled(APP, 10), answered(APP, 21.6)])

    assert too_often(run) == []


def test_more_polls_than_periods_are_found_even_during_a_fault():
    run = history(
        answers=[*polled(APP, 10), answered(APP, 21.6), answered(APP, 21.8)],
        spans=[fault("redis full", 17, 21)],
    )

    assert too_often(run)


def test_a_tick_may_come_early_after_redis_forgot_the_last_one():
    answers = [
        *polled(APP, 10, 11),
        *(answered(APP, when) for when in (20.2, 20.4, 21.2)),
    ]
    emptied = fault("redis killed, restarted empty", 20.3, 21)

    assert too_often(history(answers=answers, spans=[emptied])) == []
    assert too_often(history(answers=answers, spans=[fault("redis full", 20.3, 21)]))


def test_a_second_beat_that_doubles_the_polls_is_found():
    doubled = [answered(APP, 20.9 + 2 * n) for n in range(4)]
    run = history(answers=[*polled(APP), *doubled], spans=[fault("two beats", 20, 28)])

    assert too_often(run)


def test_a_request_and_its_immediate_retry_are_one_poll():
    dropped = [unknown(APP, 20.01, "app reset"), unknown(APP, 20.02, "app reset")]
    run = history(answers=[*polled(APP, 10), *dropped])

    assert len(polls_of(run, "app-00")) == len(polled(APP))
    assert too_often(run) == []


def test_a_second_retry_is_another_poll():
    dropped = [unknown(APP, 20 + n / 100, "app reset") for n in range(1, 4)]
    run = history(answers=[*polled(APP, 10), *dropped])

    assert too_often(run)

"""The checker finds an app that is polled too late or too often."""

from __future__ import annotations

from chaos.check_polls import check_frequency, check_resumption, polls_of, resumed_after
from tests.unit.chaos_history import (
    BOUNDARY,
    fault,
    history,
    polled,
    told,
    unknown,
)

APP = BOUNDARY


def too_late(run):
    return [violation.what for violation in check_resumption(run)]


def too_often(run):
    return [violation.what for violation in check_frequency(run)]


def test_a_quiet_run_is_right():
    run = history(answers=polled(APP))

    assert too_late(run) == too_often(run) == []


def test_polls_that_go_on_in_time_are_right():
    """A fault until 20.5 s; the next poll comes 9.5 s later, 10 s are promised."""
    run = history(
        answers=polled(APP, *range(5, 15)), spans=[fault("redis full", 9, 20.5)]
    )

    assert too_late(run) == []
    assert resumed_after(run, run.spans[0]) == 9.5


def test_polls_that_go_on_too_late_are_found():
    run = history(
        answers=polled(APP, *range(5, 16)), spans=[fault("redis full", 9, 20.5)]
    )

    [late] = too_late(run)
    assert late.startswith("app-00 was polled 11.5 s after the end of 'redis full'")


def test_polls_that_never_go_on_are_found():
    run = history(
        answers=polled(APP, *range(5, 40)), spans=[fault("redis full", 9, 20)]
    )

    assert len(too_late(run)) == 1
    assert resumed_after(run, run.spans[0]) == float("inf")


def test_an_app_that_is_sick_itself_is_not_waited_for():
    run = history(
        answers=polled(APP, *range(5, 20)),
        spans=[fault("redis full", 9, 12), fault("app hang", 9, 38, APP)],
    )

    assert too_late(run) == []


def test_an_app_that_is_well_again_is_waited_for():
    run = history(
        answers=polled(APP, *range(5, 25)), spans=[fault("app hang", 9, 30, APP)]
    )

    assert len(too_late(run)) == 1


def test_the_last_of_faults_that_overlap_is_what_is_waited_for():
    run = history(
        answers=polled(APP, *range(5, 20)),
        spans=[fault("redis full", 9, 12), fault("beat frozen", 10, 38)],
    )

    assert too_late(run) == []


def test_two_polls_in_a_period_are_found():
    run = history(answers=[*polled(APP), told(APP, 20.6)])

    assert too_often(run) == [
        "app-00 was polled 2 times within 0.60 s, 1 s apart at least"
    ]


def test_a_tick_may_come_a_quarter_early():
    run = history(answers=[*polled(APP, 11), told(APP, 21.5)])

    assert too_often(run) == []


def test_a_late_message_may_be_near_to_the_next_while_a_fault_is_there():
    run = history(
        answers=[*polled(APP, 10), told(APP, 21.6)], spans=[fault("redis full", 17, 21)]
    )

    assert too_often(run) == []


def test_a_poll_that_a_busy_machine_made_late_is_no_second_tick():
    """It is near to the next one, but far from the one before."""
    run = history(answers=[*polled(APP, 10), told(APP, 21.6)])

    assert too_often(run) == []


def test_more_polls_than_periods_are_found_even_during_a_fault():
    run = history(
        answers=[*polled(APP, 10), told(APP, 21.6), told(APP, 21.8)],
        spans=[fault("redis full", 17, 21)],
    )

    assert too_often(run)


def test_a_redis_that_forgot_the_last_tick_lets_one_come_early():
    answers = [*polled(APP, 10, 11), *(told(APP, when) for when in (20.2, 20.4, 21.2))]
    emptied = fault("redis killed, restarted empty", 20.3, 21)

    assert too_often(history(answers=answers, spans=[emptied])) == []
    assert too_often(history(answers=answers, spans=[fault("redis full", 20.3, 21)]))


def test_a_second_beat_that_doubles_the_polls_is_found():
    doubled = [told(APP, 20.9 + 2 * n) for n in range(4)]
    run = history(answers=[*polled(APP), *doubled], spans=[fault("two beats", 20, 28)])

    assert too_often(run)


def test_a_request_that_is_repeated_at_once_is_one_poll():
    dropped = [unknown(APP, 20.01, "app reset"), unknown(APP, 20.02, "app reset")]
    run = history(answers=[*polled(APP, 10), *dropped])

    assert len(polls_of(run, "app-00")) == len(polled(APP))
    assert too_often(run) == []


def test_a_request_that_is_repeated_twice_is_two_polls():
    dropped = [unknown(APP, 20 + n / 100, "app reset") for n in range(1, 4)]
    run = history(answers=[*polled(APP, 10), *dropped])

    assert too_often(run)

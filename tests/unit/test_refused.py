"""What Redis refuses is an error of the connection, tried again after a pause."""

from __future__ import annotations

import logging

import pytest
from redis import exceptions

from celeryconfig import beat_scheduler
from scalar import tasks
from scalar.worker._beat_scheduler import OneLineScheduler
from scalar.worker._transport import LONGEST_PAUSE, SOUND, Pauses, Transport


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ResponseError,  # a key of the wrong type
        exceptions.ReadOnlyError,
        exceptions.OutOfMemoryError,
        exceptions.NoPermissionError,
        exceptions.MasterDownError,
        exceptions.AuthenticationError,
        exceptions.BusyLoadingError,
    ],
)
def test_a_refused_command_makes_a_worker_connect_anew(error):
    """Otherwise it ends the worker."""
    assert issubclass(error, Transport.connection_errors)


def test_the_pauses_before_connections_grow_while_these_do_not_last():
    pauses, now, waits = Pauses(), 1_000.0, []
    for _ in range(9):
        waits.append(pauses.begin(now, LONGEST_PAUSE))
        now += waits[-1] + 0.001

    assert waits == [0, 0.25, 0.5, 1, 2, 4, 8, 8, 8]


def test_a_connection_that_lasted_is_made_anew_at_once():
    pauses = Pauses()
    pauses.begin(0, LONGEST_PAUSE)
    assert pauses.begin(0, LONGEST_PAUSE) > 0

    assert pauses.begin(1 + SOUND, LONGEST_PAUSE) == 0


def test_no_pause_is_longer_than_asked_for():
    pauses = Pauses()

    assert {pauses.begin(0, 1.0) for _ in range(9)} == {0, 0.25, 0.5, 1}


def test_a_tick_that_cannot_be_sent_is_one_line(caplog, monkeypatch):
    """Celery prints two stacks."""

    def refuse(*_args, **_options):
        raise exceptions.ReadOnlyError("You can't write against a read only replica.")

    scheduler = OneLineScheduler(tasks.app)
    monkeypatch.setattr(tasks.fan_out, "apply_async", refuse)
    with caplog.at_level(logging.INFO, "scalar"):
        scheduler.apply_entry(scheduler.schedule["fan-out"])

    assert caplog.messages == [
        'tick.not_sent detail="You can\'t write against a read only replica."'
    ]
    assert caplog.records[0].exc_info is None
    assert beat_scheduler.endswith(OneLineScheduler.__name__)

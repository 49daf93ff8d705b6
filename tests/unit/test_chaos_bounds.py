"""The checker finds changes that come too late."""

from __future__ import annotations

from chaos.check_bounds import check_bounds, check_outages, sections
from tests.unit.chaos_history import (
    BEGAN,
    BOUNDARY,
    LEASE,
    by_hand,
    fault,
    history,
    patched,
    polled,
    read,
)

APP = BOUNDARY


def follows(app=APP, late=1.0, **more):
    """Return a run whose dynos follow the counts some seconds later."""
    run = history(app)
    calls = [
        patched(
            app,
            section.begins - BEGAN + late,
            **{section.process_type: -(-section.count // 10)},
        )
        for section in sections(run)
    ]
    return history(app, calls=calls, answers=polled(app), **more)


def wrong(run):
    return [violation.what for violation in check_bounds(run)]


def test_dynos_that_follow_their_counts_are_right():
    assert wrong(follows()) == []


def test_dynos_that_do_not_are_found():
    assert wrong(history(answers=polled(APP)))
    assert wrong(follows(late=8))


def test_what_keeps_the_scaler_from_acting_moves_the_bound():
    whole = fault("redis full", 0, 60)

    assert wrong(history(answers=polled(APP), spans=[whole])) == []


def test_a_sickness_of_another_process_type_or_app_excuses_nothing():
    lacks = fault("heroku leaves out a process type", 0, 60, APP)
    for span in (
        fault("redis full", 0, 60, LEASE),
        fault("two workers", 0, 60),
        fault("heroku leaves out a process type", 0, 60, APP, process_type="mailer"),
    ):
        assert wrong(history(answers=polled(APP), spans=[span]))
    assert wrong(history(answers=polled(APP), spans=[lacks])) == []


def test_a_change_by_hand_is_corrected_once_it_is_noticed():
    assert wrong(follows(hands=[by_hand(APP, 30, worker=50)])) == []


def test_heroku_is_called_again_after_an_outage():
    span = fault("heroku 500", 10, 12)

    assert list(check_outages(history(calls=[read(APP, 23)], spans=[span]))) == []
    assert list(check_outages(history(calls=[read(APP, 25)], spans=[span])))

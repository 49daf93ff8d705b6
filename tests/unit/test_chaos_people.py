"""The checker finds what people have set and the scaler has undone."""

from __future__ import annotations

from dataclasses import replace

from chaos.check_people import (
    check_busy,
    check_others,
    check_people,
    check_sicknesses,
)
from chaos.history import Call
from chaos.recorded import load, save
from tests.unit.chaos_history import (
    BUSY,
    LEASE,
    OFF,
    STEPS,
    answered,
    at,
    by_hand,
    fault,
    history,
    patched,
    polled,
)


def undone(app, *calls, hands, **more):
    run = history(app, calls=calls, hands=hands, **more)
    return [violation.what for violation in check_people(run)]


def test_a_lease_is_kept():
    hand = by_hand(LEASE, 10, worker=4)

    assert undone(LEASE, patched(LEASE, 27, worker=1), hands=[hand]) == []
    assert undone(LEASE, patched(LEASE, 20, worker=1), hands=[hand]) == [
        "app-07 worker was set to 4 by hand, and to 1 10.0 s later (lease)"
    ]


def test_what_was_switched_off_stays_so_until_it_is_raised():
    hands = [by_hand(OFF, 10, worker=0), by_hand(OFF, 30, worker=1)]

    assert undone(OFF, patched(OFF, 31, worker=3), hands=hands) == []
    assert undone(OFF, patched(OFF, 29, worker=3), hands=hands)


def test_an_app_in_maintenance_is_not_started():
    hands, span = [by_hand(STEPS, 10, worker=0)], fault("maintenance", 9, 30, STEPS)

    assert undone(STEPS, patched(STEPS, 31, worker=2), hands=hands, spans=[span]) == []
    assert undone(STEPS, patched(STEPS, 20, worker=2), hands=hands, spans=[span])


def test_no_app_but_the_registered_ones_is_scaled():
    other = Call(at(3), "PATCH", "shop", 200, updates={"worker": 2})

    assert list(check_others(history())) == []
    assert list(check_others(replace(history(), calls=(other,))))


def test_a_busy_dyno_is_not_removed_nor_one_that_takes_jobs():
    looked = replace(answered(BUSY, 9.5), quiesced={"worker": 2}, busy={"worker": 2})

    def wrong(answer, quantity):
        run = history(
            BUSY,
            first={"worker": 5, "mailer": 1},
            answers=[answer],
            calls=[patched(BUSY, 10, worker=quantity)],
        )
        return [violation.what for violation in check_busy(run)]

    assert wrong(looked, 2) == []
    assert wrong(looked, 1) == ["app-09 worker 5 -> 1: it has busy dynos up to 2"]
    assert wrong(replace(looked, busy={}), 1) == [
        "app-09 worker 5 -> 1: it was told to keep 2"
    ]
    assert wrong(answered(BUSY, 9.5), 2) == [
        "app-09 worker 5 -> 2: it was not quiesced"
    ]


def test_a_sickness_that_an_outage_hides_is_found():
    spans = [fault("app null", 4, 12, OFF), fault("heroku 503", 4, 12)]
    sick = replace(answered(OFF, 6), kind="app null")

    assert list(check_sicknesses(history(OFF, answers=[sick], spans=spans[:1]))) == []
    assert list(check_sicknesses(history(OFF, answers=[sick], spans=spans)))


def test_a_recorded_history_is_the_same_one(tmp_path):
    run = history(
        LEASE,
        answers=polled(LEASE),
        calls=[patched(LEASE, 3, worker=2)],
        hands=[by_hand(LEASE, 10, worker=4)],
        spans=[fault("redis full", 1, 2), fault("app null", 4, 12, OFF)],
    )
    save(run, tmp_path)

    assert load(tmp_path) == run

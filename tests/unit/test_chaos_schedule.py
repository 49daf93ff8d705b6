"""A seed determines a run: what the apps report, and which faults occur."""

from __future__ import annotations

import itertools

import pytest

from chaos.catalog import (
    APP,
    BY_NAME,
    CLOCK_AHEAD,
    DATABASE_AWAY,
    DISK_FULL,
    HEROKU,
    LEASED,
    LEFT_OUT,
    REDIS_EMPTIED,
    SWITCHED_OFF,
    SYSTEM,
    Family,
)
from chaos.rules import LEASE, OFF, rule_of
from chaos.schedule import Fault, schedule, short_schedule
from chaos.script import HIGHEST, counts_at, name_of, number_of
from chaos.sick_answers import SICK

APPS = 50
SEEDS = range(20)
TYPES = ("worker", "mailer")


def kinds(seed, database="postgresql", *, clock=True):
    steps = schedule(seed, APPS, database, clock=clock)
    return {fault.kind.name for step in steps for fault in step.faults}


def test_the_same_seed_gives_the_same_schedule():
    first, again = (schedule(7, APPS, "sqlite", clock=True) for _ in range(2))

    assert first == again
    assert first != schedule(8, APPS, "sqlite", clock=True)


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_every_schedule_has_every_fault(database):
    other = DISK_FULL if database == "postgresql" else DATABASE_AWAY

    for seed in SEEDS:
        assert kinds(seed, database) == BY_NAME.keys() - {other.name}


def test_without_the_library_there_are_no_clock_faults():
    assert CLOCK_AHEAD.name not in kinds(1, clock=False)


def test_an_app_has_one_fault_at_a_time():
    for seed in SEEDS:
        for step in schedule(seed, APPS, "sqlite", clock=True):
            sick = [app for fault in step.beside for app in fault.apps]

            assert len(sick) == len(set(sick))


def test_a_long_backoff_of_the_account_is_followed_by_emptying_redis():
    for seed in SEEDS:
        steps = schedule(seed, APPS, "sqlite", clock=True)
        for step, following in itertools.pairwise(steps):
            if {"heroku 401", "heroku 429"} & {f.kind.name for f in step.faults}:
                assert REDIS_EMPTIED in {f.kind for f in following.main}
                assert step.requires_next
        assert sum(step.requires_next for step in steps) == 2


def test_every_sickness_has_a_slot_that_nothing_hides():
    """Beside it is nothing else of the system, and no fault of Heroku's."""
    for seed in SEEDS:
        steps = schedule(seed, APPS, "sqlite", clock=True)
        alone = [
            step
            for step in steps
            if all(f.kind.harmless or f.apps for f in step.main) or not step.main
        ]
        sick = {f.kind for step in alone for f in step.beside}
        mains = [step.main for step in steps]

        assert sick == set(APP)
        for kind in (*SYSTEM, *HEROKU):
            assert (Fault(kind),) in mains


def test_some_faults_overlap():
    steps = schedule(1, APPS, "postgresql", clock=True)
    families = [{fault.kind.family for fault in step.faults} for step in steps]

    assert any(len(step) > 1 for step in families)
    assert any(Family.APP in step and Family.HEROKU in step for step in families)


def test_people_and_refusals_concern_different_apps_with_their_policies():
    for seed in SEEDS:
        steps = schedule(seed, APPS, "sqlite", clock=True)
        chosen = [
            fault
            for step in steps
            for fault in step.main
            if fault.kind.family in {Family.PERSON, Family.REFUSAL}
        ]
        apps = [app for fault in chosen for app in fault.apps]
        by_kind = {fault.kind: fault for fault in chosen}

        assert len(apps) == len(set(apps))
        assert {rule_of(a) for a in by_kind[LEASED].apps} == {LEASE}
        assert {rule_of(a) for a in by_kind[SWITCHED_OFF].apps} == {OFF}
        assert (
            by_kind[LEFT_OUT].process_type
            in rule_of(by_kind[LEFT_OUT].apps[0]).process_types
        )


def test_a_short_schedule_has_the_given_faults():
    [first, second] = short_schedule(
        1, 20, [["worker killed", "app hang"], ["app 500"]]
    )

    assert [fault.kind.name for fault in first.faults] == ["worker killed", "app hang"]
    assert [len(fault.apps) for fault in (*first.faults, *second.faults)] == [0, 1, 1]


def test_every_fault_of_an_app_has_its_answer():
    apps = {k.name for k in BY_NAME.values() if k.family is Family.APP}
    with_status = {name for name in apps if BY_NAME[name].status}

    assert SICK.keys() == apps - with_status


def test_seed_app_and_time_determine_counts():
    assert counts_at(1, 3, TYPES, 12.5) == counts_at(1, 3, TYPES, 12.5)
    assert [counts_at(s, 3, TYPES, 12.5) for s in SEEDS].count(
        counts_at(1, 3, TYPES, 12.5)
    ) < len(SEEDS)


def test_counts_jump_and_are_often_0():
    counts = [counts_at(1, app, ("worker",), 5)["worker"] for app in range(400)]
    jumps = {counts_at(1, 3, ("worker",), seconds)["worker"] for seconds in range(300)}

    assert 60 < counts.count(0) < 140
    assert min(counts) == 0
    assert max(counts) == HIGHEST
    assert len(jumps) > 8


def test_a_name_contains_its_number():
    assert number_of(name_of(7)) == 7

"""The service under virtual time: no seed breaks a rule, and a fault is found."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from mutants.faults import FAULTS
from simulation import check_changes
from simulation.incidents import KINDS, Incident, schedule
from simulation.run import Outcome, run
from simulation.setup import setup_of
from simulation.shrink import fewer, shrink
from simulation.trail import tell
from tests.unit.planting import planted

ROOT = Path(__file__).resolve().parents[2]
#: The first of them run in `make test`, all of them in `make test-deep`.
SEEDS = [
    *range(1, 9),
    *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(9, 61)),
]
#: A remedy that is taken out, by the name of the fault, is found by a seed as a rule.
FOUND = (("an app is called by its name, not by its id", 7, check_changes.WRONG_APP),)


@cache
def outcome_of(seed: int) -> Outcome:
    return run(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_no_rule(seed):
    assert outcome_of(seed).violations == ()


@pytest.mark.deep
@pytest.mark.parametrize(("name", "seed", "rule"), FOUND, ids=[f[0] for f in FOUND])
def test_a_remedy_that_is_taken_out_is_missed(name, seed, rule):
    with _broken(name):
        assert rule in run(seed).rules


def _broken(name: str):
    (fault,) = (fault for fault in FAULTS if fault.name == name)
    module = import_module(fault.file.removesuffix(".py").replace("/", "."))
    return planted(module, fault.code, fault.broken)


def test_a_seed_is_the_same_run_to_the_line_in_another_process():
    """Whatever the order of sets and dictionaries there."""
    text = (
        "from simulation.run import run\n"
        "for line in run(3, with_trail=True).trail:\n"
        "    print(line.at, line.actor, line.app, line.call)"
    )
    trails = {
        subprocess.run(
            [sys.executable, "-c", text],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number},
            capture_output=True,
            check=True,
        ).stdout
        for number in ("1", "2")
    }

    assert len(trails) == 1
    assert trails.pop().count(b"\n") > 1_000


def test_a_run_that_is_told_is_the_run_that_was_not():
    """To write a trail changes nothing."""
    silent, told = outcome_of(2), run(2, with_trail=True)

    assert silent.violations == told.violations
    assert silent.evaluations == told.evaluations


def test_without_incidents_no_rule_is_broken():
    for seed in range(1, 4):
        setup = setup_of(seed)
        if max(map(abs, setup.ahead)) < 1:
            assert run(seed, ()).violations == ()


@pytest.mark.deep
@pytest.mark.parametrize(
    "name",
    [
        "a change is asked for before it is stored that it is in doubt",
        "no doubt is stored before a change is asked for",
    ],
)
def test_a_fault_between_two_calls_is_found(name):
    with _broken(name):
        assert any(run(seed).rules for seed in range(1, 201))


@pytest.mark.deep
def test_a_shorter_schedule_still_breaks_the_rule():
    name, seed, rule = FOUND[0]
    with _broken(name):
        whole = run(seed)
        short = shrink(whole, rule)

        assert rule in short.rules
        assert len(short.incidents) < len(whole.incidents)
        assert any(rule in line for line in tell(short, rule))


def test_what_is_not_needed_for_a_failure_goes():
    incidents = [Incident(float(at), "release") for at in range(20)]
    needed = {incidents[3], incidents[17]}

    assert set(fewer(incidents, lambda some: needed <= set(some))) == needed


def test_what_does_not_fail_is_left_as_it_is():
    incidents = (Incident(1.0, "release"),)

    assert fewer(incidents, lambda _: False) == incidents


def test_every_kind_of_incident_happens_in_some_seed():
    seen = {i.kind for seed in range(1, 60) for i in schedule(seed, setup_of(seed))}

    assert seen == KINDS.keys()

"""The service under virtual time: what is known to go wrong does, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from scalar.service.evaluate import act
from simulation.expected import FAST, KNOWN, rules_of
from simulation.incidents import KINDS, Incident, schedule
from simulation.run import Outcome, run
from simulation.setup import setup_of
from simulation.shrink import fewer, shrink
from simulation.trail import tell
from tests.unit.planting import planted

ROOT = Path(__file__).resolve().parents[2]
#: The first of them run in `make test`, all of them in `make test-deep`.
SEEDS = [
    *FAST[:8],
    *(pytest.param(seed, marks=pytest.mark.deep) for seed in FAST[8:]),
]


@cache
def outcome_of(seed: int) -> Outcome:
    return run(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_breaks_the_rules_that_are_expected_and_no_other(seed):
    outcome = outcome_of(seed)

    assert set(outcome.rules) == rules_of(seed), "\n".join(map(str, outcome.violations))


@pytest.mark.parametrize("fault", KNOWN, ids=lambda fault: fault.shows)
def test_a_known_fault_is_found(fault):
    """It goes from the list with its remedy."""
    assert fault.rule in outcome_of(fault.seed).rules


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


PATCH_BEFORE_DOUBT = (
    """        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        return platform.scale(quantities, urgency)
""",
    """        answer = platform.scale(quantities, urgency)
        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        return answer
""",
)
DOUBT_NOT_STORED = (
    "if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):",
    "if not ctx.parts.states.store(lease, seen.memory):",
)


@pytest.mark.deep
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(PATCH_BEFORE_DOUBT, id="the PATCH before its doubt is stored"),
        pytest.param(DOUBT_NOT_STORED, id="no doubt is stored before the PATCH"),
    ],
)
def test_a_fault_between_two_calls_is_found(change):
    """By the first seeds of all. It breaks a rule that none of them breaks today."""
    today = set().union(*map(rules_of, FAST))
    with planted(act, *change):
        found = (seed for seed in FAST if set(run(seed).rules) - today)

        assert next(found, None) is not None


def test_a_shorter_schedule_still_breaks_the_rule():
    fault = KNOWN[0]
    whole = outcome_of(fault.seed)
    short = shrink(whole, fault.rule)

    assert fault.rule in short.rules
    assert len(short.incidents) < len(whole.incidents)
    assert any(fault.rule in line for line in tell(short, fault.rule))


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

"""A run prints the seed, the faults and how to reproduce a violation."""

from __future__ import annotations

from chaos.catalog import BEAT_KILLED
from chaos.report import figures, skipped, table, verdict
from chaos.schedule import Fault, Step
from chaos.violation import Violation
from tests.unit.chaos_history import (
    BOUNDARY,
    fault,
    history,
    patched,
    polled,
    read,
)


def test_the_table_has_a_line_for_each_fault():
    run = history(
        answers=polled(BOUNDARY),
        calls=[patched(BOUNDARY, 11, worker=3), read(BOUNDARY, 12)],
        spans=[fault("app hang", 10, 14.5, BOUNDARY)],
    )

    assert table(run).splitlines()[2:] == [
        "| 10.0 | app hang (00) | 4.5 | 1.5 | 2 | 1 |"
    ]


def test_the_figures_count_changes_and_calls():
    run = history(answers=polled(BOUNDARY), calls=[patched(BOUNDARY, 11, worker=3)])

    assert "31 answers, 0 of them unknown; 1 changes, 1 up, 0 by hand" in figures(run)
    assert "1 Heroku calls, of which 0 changed nothing" in figures(run)


def test_faults_left_out_for_lack_of_time_are_named():
    assert skipped([]) == ""
    assert "beat killed" in skipped([Step((Fault(BEAT_KILLED),))])


def test_a_violation_says_how_to_reproduce_it():
    text = verdict(
        [Violation("an invariant", "failed", ("  proof",))], "chaos --seed 3"
    )

    assert text == (
        "1 violations. Reproduce with: chaos --seed 3\n\nan invariant: failed\n  proof"
    )
    assert verdict([], "") == "All invariants held."

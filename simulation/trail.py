"""A failing run, told in few lines: incidents, and what was done for one app."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.record import Line, Violation
from simulation.run import Outcome

#: Seconds before and after the violation that are shown, and characters of a line.
BEFORE, AFTER = 25.0, 0.5
WIDTH = 240
#: What makes long outcomes readable.
SHORTER = (
    ("datetime.datetime(2026, 1, 1, ", "("),
    (", tzinfo=datetime.timezone.utc", ""),
    ("ProcessType(quantity=", "("),
    (", size='Standard-1X'", ""),
    (", latency=None, busy=None, next_eta=None, stranded=0, is_ambiguous=False", ""),
)


def tell(outcome: Outcome, rule: str) -> Iterator[str]:
    """Return the lines that show how a rule was broken."""
    violation = next(v for v in outcome.violations if v.rule == rule)
    yield f"seed {outcome.seed}: {rule}"
    yield f"  at {violation.at:.3f} s, {violation.what}"
    yield "what happened:"
    yield from (f"  {incident}" for incident in outcome.incidents)
    yield "what was done:"
    for line in outcome.trail:
        if _concerns(line, violation):
            yield f"  {shortened(line)}"


def shortened(line: Line) -> str:
    """Return a line of the trail as people can read it."""
    text = str(line)
    for long, short in SHORTER:
        text = text.replace(long, short)
    return text[:WIDTH]


def _concerns(line: Line, violation: Violation) -> bool:
    app = violation.what.partition(":")[0].partition(" ")[0]
    if line.call == "INCIDENT":
        return True
    near = violation.at - BEFORE <= line.at <= violation.at + AFTER
    return near and line.app == app

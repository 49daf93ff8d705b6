"""One run: from a seed, or from a schedule that was shortened, to its violations."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from simulation.incidents import Incident, schedule
from simulation.record import Line, Violation
from simulation.setup import setup_of
from simulation.world import World


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        seed: Of the run.
        incidents: What happened.
        violations: The rules that were broken, in the order of time.
        evaluations: How many there were.
        trail: All that happened, if it was wanted.
    """

    seed: int
    incidents: tuple[Incident, ...]
    violations: tuple[Violation, ...]
    evaluations: int
    trail: tuple[Line, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that were broken, sorted."""
        return tuple(sorted({violation.rule for violation in self.violations}))


def run(
    seed: int,
    incidents: Sequence[Incident] | None = None,
    *,
    with_trail: bool = False,
) -> Outcome:
    """Run a seed; with other incidents than its own, if they are given."""
    setup = setup_of(seed)
    happens = schedule(seed, setup) if incidents is None else tuple(incidents)
    world = World(seed, setup, happens, with_trail=with_trail)
    with _silent():
        world.run()
    record = world.record
    return Outcome(
        seed,
        happens,
        tuple(record.violations),
        record.evaluations,
        tuple(record.trail or ()),
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Let the service log nothing."""
    log = logging.getLogger("scalar")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)

"""Fewer incidents, while the same rule is still broken (delta debugging)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.incidents import Incident
from simulation.run import Outcome, run

Fails = Callable[[Sequence[Incident]], bool]


def shrink(outcome: Outcome, rule: str) -> Outcome:
    """Return a run with as few incidents as break this rule, and its trail."""

    def fails(incidents: Sequence[Incident]) -> bool:
        return rule in run(outcome.seed, incidents).rules

    fewest = fewer(outcome.incidents, fails)
    return run(outcome.seed, fewest, with_trail=True)


def fewer(incidents: Sequence[Incident], fails: Fails) -> tuple[Incident, ...]:
    """Return a part of the incidents that still fails and of which none can go.

    Large parts are left out first: half of them, a quarter, down to single ones
    (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input").
    """
    kept = tuple(incidents)
    if not fails(kept):
        return kept
    size = max(len(kept) // 2, 1)
    while kept:
        for start in range(0, len(kept), size):
            without = kept[:start] + kept[start + size :]
            if fails(without):
                kept = without
                break
        else:
            if size == 1:
                break
            size = max(size // 2, 1)
    return kept

"""Failures of today, each with the seeds that show it."""

from __future__ import annotations

EXPECTED: dict[int, tuple[str, ...]] = {}


def rules_of(seed: int) -> set[str]:
    """Return the rules that a seed is known to break."""
    return set(EXPECTED.get(seed, ()))

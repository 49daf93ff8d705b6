"""Randomness from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from scalar.ports.chance import T


class SeededChance:
    """A `Chance` that repeats its results for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not a secret

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        return self._random.sample(items, len(items))

    def fraction(self) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        return self._random.random()

    def token(self) -> str:
        """Return a new token of 16 hexadecimal digits."""
        return f"{self._random.getrandbits(64):016x}"

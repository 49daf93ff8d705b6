"""Randomness from the operating system."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence

from scalar.ports.chance import T


class SystemChance:
    """A `Chance` that cannot be predicted or repeated."""

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        return random.sample(items, len(items))

    def fraction(self) -> float:
        """Return a number from 0 (included) to 1 (excluded)."""
        return random.random()  # noqa: S311 - jitter, not a secret

    def token(self) -> str:
        """Return a new token of 16 hexadecimal digits."""
        return secrets.token_hex(8)

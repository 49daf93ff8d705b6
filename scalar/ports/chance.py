"""Randomness, as a port: with a seed, a run can be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Chance(Protocol):
    """A source of randomness."""

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        ...

    def fraction(self) -> float:
        """Return a number from 0 (included) to 1 (excluded), for jitter."""
        ...

    def token(self) -> str:
        """Return a new token of 16 hexadecimal digits."""
        ...

"""What is left of one row when another is crossed out, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def cross_out(
    made: Sequence[A], written: Sequence[B], are_same: Callable[[A, B], bool]
) -> list[A]:
    """Return what was made and not written down, beside the longest common row.

    What was written must come in the order in which it was made; it may stand there
    twice.
    """
    longest = [[0] * (len(written) + 1) for _ in range(len(made) + 1)]
    for i, one in reversed(list(enumerate(made))):
        for j, other in reversed(list(enumerate(written))):
            longest[i][j] = (
                longest[i + 1][j + 1] + 1
                if are_same(one, other)
                else max(longest[i + 1][j], longest[i][j + 1])
            )
    missing, j = [], 0
    for i, one in enumerate(made):
        while j < len(written) and longest[i][j + 1] == longest[i][j]:
            j += 1
        if j < len(written) and are_same(one, written[j]):
            j += 1
        else:
            missing.append(one)
    return missing

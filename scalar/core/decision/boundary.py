"""From a count to a recommended quantity of dynos."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from scalar.core.reading import Count


def recommend_by_boundary(count: Count, boundary: int) -> int:
    """Return the dynos for a count: the project's own formula.

    Boundary 0: one dyno for any count above 0, otherwise none. Boundary N:
    ceil(count / N), exact for fractions and for integers of any size.

    Args:
        count: Finite and at least 0.
        boundary: Counts per dyno, at least 0.
    """
    if boundary == 0:
        return 1 if count > 0 else 0
    return ceil(Fraction(count) / boundary)

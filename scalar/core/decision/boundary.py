"""The project's own formula: from a count to a quantity of dynos."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from scalar.core.reading import Count


def recommend_by_boundary(count: Count, boundary: int) -> int:
    """Return the dynos for a count.

    Boundary 0: one dyno for any count above 0, otherwise none. Boundary N:
    ceil(count / N), exact for fractions and for integers of any size.

    Args:
        count: Finite and at least 0.
        boundary: Jobs per dyno, at least 0.
    """
    if boundary == 0:
        return 1 if count > 0 else 0
    return ceil(Fraction(count) / boundary)

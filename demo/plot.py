"""Bars of text: values over time, one column each."""

from __future__ import annotations

from collections.abc import Sequence

from demo.watch import Look
from scalar.core.reading import Count

BLOCKS = " ▁▂▃▄▅▆▇█"
EIGHTHS = len(BLOCKS) - 1
#: On the lowest row: a value of 0, and one that is not known.
ZERO = "·"
UNKNOWN = "?"


def bars(values: Sequence[Count | None], *, rows: int, top: Count) -> list[str]:
    """Return a plot as lines of text, the uppermost first.

    Args:
        values: One for each column, at least 0; None if it is not known.
        rows: Its height in lines.
        top: The value that fills a column, above 0; none is higher.
    """
    columns = [_column(value, rows, top) for value in values]
    return ["".join(column[row] for column in columns) for row in range(rows)]


def _column(value: Count | None, rows: int, top: Count) -> str:
    """Return the characters of a column, the uppermost first."""
    if not value:
        return " " * (rows - 1) + (UNKNOWN if value is None else ZERO)
    # However small it is, it is more than 0.
    eighths = max(1, round(value / top * rows * EIGHTHS))
    full, rest = divmod(eighths, EIGHTHS)
    column = BLOCKS[EIGHTHS] * full + (BLOCKS[rest] if rest else "")
    return column.ljust(rows)[::-1]


def by_second(looks: Sequence[Look], width: int) -> list[Look | None]:
    """Return the last look of each of the last seconds, oldest first.

    Args:
        looks: In the order of time.
        width: How many seconds at most; fewer if the looks span fewer.
    """
    if not looks:
        return []
    last = int(looks[-1].at)
    first = max(0, last - width + 1)
    seconds: list[Look | None] = [None] * (last - first + 1)
    for look in reversed(looks):
        place = int(look.at) - first
        if place < 0:
            break
        if seconds[place] is None:
            seconds[place] = look
    return seconds

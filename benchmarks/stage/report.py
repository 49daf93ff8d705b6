"""Print results as Markdown, with facts about the machine."""

from __future__ import annotations

import os
import platform
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from benchmarks.stage.cpus import ALL


def markdown(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; columns of numbers are right-aligned."""
    texts = [[str(cell) for cell in row] for row in rows]
    right = [
        bool(texts) and all(row[place].lstrip("+-")[:1].isdigit() for row in texts)
        for place in range(len(heads))
    ]
    rule = ["---:" if is_right else "---" for is_right in right]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *texts))


def machine() -> str:
    """Return one line on when and where this was measured, and the load."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {len(ALL)} CPUs, Python "
        f"{platform.python_version()}, load average {load}"
    )


def show(heads: Sequence[str], rows: Iterable[Sequence[object]], note: str) -> None:
    """Print a table, a note on it, and where it was measured."""
    print(markdown(heads, rows))
    print(f"\n{textwrap.fill(note, 88)}\n\n{machine()}", flush=True)

"""Failures of today: the seeds that show each known fault, until it is mended.

`expected_seeds.txt` says which rules each of some seeds breaks, no more and no less.
After a change that only moves things in time, `python -m simulation --seeds 1..30
--record` writes it anew; look at what it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulation import check_changes, check_end, check_progress

FILE = Path(__file__).with_name("expected_seeds.txt")
#: The seeds that `make test` runs; `expected_seeds.txt` has them all.
FAST = range(1, 31)


@dataclass(frozen=True, slots=True)
class KnownFault:
    """A fault that is known, and a seed that shows it.

    Attributes:
        seed: It breaks the rule.
        rule: Which.
        shows: What goes wrong.
        about: What the service takes for granted there.
    """

    seed: int
    rule: str
    shows: str
    about: str


STALE = "a remembered formation is believed without question"
CLOCKS = "times of several machines are compared"
KNOWN: tuple[KnownFault, ...] = ()


def rules_of(seed: int) -> set[str]:
    """Return the rules that a seed is expected to break."""
    return set(_read().get(seed, ()))


def expect(seed: int, rules: tuple[str, ...]) -> None:
    """Expect a seed to break these rules from now on."""
    table = {**_read(), seed: rules}
    lines = [f"{one}: {'; '.join(table[one])}".rstrip() for one in sorted(table)]
    FILE.write_text("\n".join([*lines, ""]))


def _read() -> dict[int, tuple[str, ...]]:
    """Return seed to rules, from lines like `17: one rule; another rule`."""
    if not FILE.exists():
        return {}
    table = {}
    for line in FILE.read_text().splitlines():
        seed, _, rules = line.partition(":")
        table[int(seed)] = tuple(
            rule.strip() for rule in rules.split(";") if rule.strip()
        )
    return table

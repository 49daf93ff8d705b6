"""Failures of today: the seeds that show each known fault, until it is mended.

`expected_seeds.txt` says which rules each of some seeds breaks, no more and no less.
After a change that only moves things in time, `python -m simulation --seeds 1..24
--record` writes it anew; look at what it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulation import check_changes, check_end, check_progress

FILE = Path(__file__).with_name("expected_seeds.txt")
#: The seeds that the tests run; `expected_seeds.txt` has them all.
FAST = range(1, 25)


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
LATE = "a PATCH without an answer counts as not made by the first read"
FAILOVER = "a Redis that lost its last second is believed"
VANISHED = "what a read of the formation leaves out is forgotten"
CLOCKS = "a span that began in the future of another clock counts as over"
NAMES = "an app is called by its name, not by Heroku's id"
SLOW = "there is room for few slow apps, and the first page has it all"
ROWS = "a row that was read is written, and used, without a look at its revision"
EVENTS = "events have no id, and wait in the memory that a lost lease drops"
LATEST = "a process type that is not remembered waits for the next read"
KNOWN = (
    KnownFault(
        *(409, check_changes.STALE_UP),
        "a fallback takes dynos that somebody added",
        STALE,
    ),
    KnownFault(
        *(133, check_changes.STALE_UP),
        "an up takes dynos in the grace after a release",
        STALE,
    ),
    KnownFault(
        *(394, check_changes.STALE_DOWN),
        "a step down from a remembered quantity adds dynos",
        STALE,
    ),
    KnownFault(
        *(397, check_changes.STALE_POLICY),
        "a step is larger than the policy allows",
        STALE,
    ),
    KnownFault(
        *(276, check_progress.LATE_PATCH),
        "a change that Heroku makes late stays until the formation is read",
        LATE,
    ),
    KnownFault(
        *(496, check_end.NOT_OURS),
        "a late change of ours is recorded as somebody else's",
        LATE,
    ),
    KnownFault(
        *(389, check_changes.TWICE),
        "a change that was answered is asked for again",
        FAILOVER,
    ),
    KnownFault(
        *(296, check_changes.GUARD + "manual lease"),
        "a lease is lost because a read left the process type out",
        VANISHED,
    ),
    KnownFault(
        *(11, check_changes.GUARD + "cooldown"),
        "a cooldown is over for a worker whose clock is behind",
        CLOCKS,
    ),
    KnownFault(
        *(11, check_changes.GUARD + "release grace"),
        "the grace after a release is over for a worker whose clock is behind",
        CLOCKS,
    ),
    KnownFault(
        *(7, check_changes.WRONG_APP),
        "apps that swapped their names are scaled by each other's counts",
        NAMES,
    ),
    KnownFault(*(14, check_progress.NOT_POLLED), "slow apps starve", SLOW),
    KnownFault(
        *(14, check_progress.WELL_WHILE_RED),
        "health says well while apps starve",
        SLOW,
    ),
    KnownFault(
        *(6, check_end.ORDER_LOST),
        "a pause is deleted by a change of another value",
        ROWS,
    ),
    KnownFault(
        *(6, check_changes.UNHEARD),
        "a pause is not heard by an evaluation with an older row",
        ROWS,
    ),
    KnownFault(
        *(132, check_end.LOST),
        "events are lost with the lease while the database is away",
        EVENTS,
    ),
    KnownFault(
        *(134, check_end.LOST),
        "the doubt about a change is lost between two versions of the program",
        EVENTS,
    ),
    KnownFault(
        *(3, check_end.TWICE),
        "a change is recorded by the evaluation that made it and by the next",
        EVENTS,
    ),
    KnownFault(
        *(227, check_progress.NEW_TYPE),
        "a process type that a deployment added gets no dyno for minutes",
        LATEST,
    ),
    KnownFault(
        *(19, check_changes.OLD_FACTS),
        "a worker that was frozen removes dynos by counts of before",
        "the age of the counts is not looked at before the PATCH",
    ),
)


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

"""What happened in the demo, and whether the dynos followed the counts."""

from __future__ import annotations

import re
import shlex
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from demo.shop import PERIOD, SCALED, dynos_for

#: Seconds within which a count must get its dynos. In periods: one until the next
#: tick, one for its message to wait, one to evaluate, one for a tick that was lost.
LONGEST_LAG = 4 * PERIOD
_DECISION = re.compile(r"\S+ (\d\d:\d\d:\d\d)\S* level=\S+ scale\.(done|held) (.*)")


class Look(NamedTuple):
    """The app at one moment, `at` seconds after the demo began.

    By process type: its dynos by state, its quantity in the formation, and its
    count, None if unknown.
    """

    at: float
    states: Mapping[str, Counter[str]]
    quantities: Mapping[str, int]
    counts: Mapping[str, float | None]

    @property
    def idle(self) -> bool:
        """Whether no scaled process type has jobs or dynos."""
        return all(self.counts[x] == 0 and not self.states[x] for x in SCALED)


class Decision(NamedTuple):
    """A decision of the scaler, about the whole app if there is no process type."""

    time: str
    process_type: str | None
    text: str


def read_decision(line: str) -> Decision | None:
    """Return the decision in a line of the scaler's log, if there is one."""
    if not (found := _DECISION.match(line)):
        return None
    time, event, rest = found.groups()
    facts = dict(fact.split("=", 1) for fact in shlex.split(rest) if "=" in fact)
    form = (
        "{current} -> {desired}  count {count}" if event == "done" else "held: {reason}"
    )
    return Decision(time, facts.get("process_type"), form.format_map(facts))


def figures(looks: Sequence[Look], name: str) -> tuple[float, int, int, int, float]:
    """Return highest count, highest quantity, rises, falls and longest lag."""
    counts = [look.counts[name] or 0 for look in looks]
    quantities = [look.quantities[name] for look in looks]
    steps = [after - before for before, after in pairwise(quantities)]
    rises, falls = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    return max(counts), max(quantities), rises, falls, longest_lag(looks, name)


def longest_lag(looks: Sequence[Look], name: str) -> float:
    """Return the longest time in seconds that a count waited for its dynos.

    It waits until the quantity is one that it or a later count needs. After a period
    without a count, measuring restarts: the scaler may have acted on a count that we
    missed.
    """
    waiting: deque[float] = deque()
    last_asked: dict[int, float] = {}
    longest = last_at = 0.0
    for look in looks:
        at, count = look.at, look.counts[name]
        if count is None:
            continue
        if at - last_at > PERIOD:
            waiting.clear()
        last_asked[dynos_for(count)] = last_at = at
        waiting.append(at)
        longest = max(longest, at - waiting[0])
        while waiting and waiting[0] <= last_asked.get(look.quantities[name], -1):
            waiting.popleft()
    return longest


def problems(looks: Sequence[Look], name: str) -> list[str]:
    """Return why the looks do not show that the dynos followed the counts."""
    _, _, rises, _, lag = figures(looks, name)
    known = [look for look in looks if look.counts[name] is not None]
    at_zero = [look.counts[name] == 0 == look.quantities[name] for look in known]
    phases = [zero for zero, _ in groupby(at_zero)]
    checks = {
        f"a count waited {lag:.1f} s for its dynos": lag <= LONGEST_LAG,
        "it did not scale up from 0": rises > 0,
        "it did not scale back to 0": True in phases[2:],
    }
    return [f"{name}: {text}" for text, passed in checks.items() if not passed]

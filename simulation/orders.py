"""What people were told is done, and what the registry should have because of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from chaos.rules import Rule
from simulation.scheduler import START

if TYPE_CHECKING:
    from simulation.world import World

#: Seconds within which an order has to be heard.
HEARD = 1.0
#: Longest time for which an older row may explain a change.
LONG_AGO = 600.0


@dataclass(frozen=True, slots=True)
class Values:
    """The values of an app's policy from a time on, by process type."""

    since: float
    by_part: Mapping[str, Mapping[str, str]]


class Orders:
    """The rows that people were told are stored.

    Attributes:
        rows: App to its values over time.
        gone: App to the time at which people were told that it is removed.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.rows: defaultdict[str, list[Values]] = defaultdict(list)
        self.gone: dict[str, float] = {}
        # With the values, so that no others get their `id`.
        self._rules: dict[tuple[str, str, int], tuple[Values, Rule]] = {}

    def forget(self, app: str) -> None:
        """An app is registered anew, with the values that it began with."""
        now = self._world.scheduler.now
        values = {"": self._world.apps[app].values()}
        self.rows[app] = [Values(now, values)]
        self.gone.pop(app, None)

    def unregistered(self, app: str) -> None:
        """People were told that an app is removed."""
        self.gone[app] = self._world.scheduler.now

    def add(
        self, app: str, part: str, put: Mapping[str, str], removed: Sequence[str]
    ) -> None:
        """People were told that values are set, and others taken away."""
        last = self.rows[app][-1].by_part
        values = {**last.get(part, {}), **put}
        values = {k: v for k, v in values.items() if k not in removed}
        now = self._world.scheduler.now
        self.rows[app].append(Values(now, {**last, part: values}))

    def newest(self, app: str) -> Mapping[str, Mapping[str, str]]:
        """Return the values that an app should have."""
        return self.rows[app][-1].by_part

    def in_force(self, app: str, at: float) -> Iterator[Values]:
        """Return the values that may be in force at a time, the newest first.

        An order counts from `HEARD` on; until then the one before may, too.
        """
        for values in reversed(self.rows[app]):
            if values.since <= at:
                yield values
            if values.since <= at - HEARD:
                return

    def older(self, app: str, at: float) -> Iterator[Values]:
        """Return the values that were in force before."""
        known = list(self.in_force(app, at))
        for values in reversed(self.rows[app]):
            if values.since <= at and values not in known:
                yield values

    def rule(self, app: str, part: str, values: Values) -> Rule:
        """Return the rule of a process type under these values."""
        key = (app, part, id(values))
        if key not in self._rules:
            self._rules[key] = values, self._rule(app, part, values)
        return self._rules[key][1]

    def _rule(self, app: str, part: str, values: Values) -> Rule:
        rule = self._world.apps[app].rule
        own = values.by_part.get(part, {})
        if "min" in own:
            rule = replace(rule, fewest=int(own["min"]))
        after = values.by_part.get("", {}).get("fallback_after")
        return replace(rule, fallback_after=int(after)) if after else rule

    def paused(self, values: Values, direction: str, at: float) -> bool:
        """Return whether a direction is paused, for a second more at least."""
        text = values.by_part.get("", {}).get(direction)
        if text is None:
            return False
        end = (datetime.fromisoformat(text) - START).total_seconds()
        return at + HEARD < end

    def dry_run(self, values: Values) -> bool:
        """Return whether there is nothing to do."""
        return values.by_part.get("", {}).get("dry_run") == "yes"

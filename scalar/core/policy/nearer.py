"""Let the nearer of two values win that contradict each other.

A value of a process type is nearer than one of its app, and that is nearer than one
of the environment. What somebody sets for all apps must stop none of them, so the
farther value yields as far as it has to, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scalar.core.policy.schedule import Schedule, Window

#: Values that `max` must not be below.
FLOORS = ("min", "wake", "fallback")


@dataclass
class Nearer:
    """The values of a process type, made to go together.

    Attributes:
        values: Value names to what was read.
        ranks: Value names to how near the place is where each was set.
        origins: Value names to that place, for notes.
        notes: What yielded to what.
    """

    values: dict[str, Any]
    ranks: Mapping[str, int]
    origins: Mapping[str, str]
    notes: list[str] = field(default_factory=list)

    def settle(self) -> None:
        """Let farther values yield; those of one place are left as they are."""
        self._strategy()
        self._latencies()
        self._range()
        if (schedule := self.values.get("schedule")) is not None:
            windows = tuple(map(self._window, schedule.windows))
            self.values["schedule"] = Schedule(schedule.zone, windows)

    def _strategy(self) -> None:
        """Only one of `latency_up` and `drain_time` decides."""
        if {"latency_up", "drain_time"} <= self.values.keys():
            loser = self._farther("latency_up", "drain_time")
            if loser is not None:
                winner = "drain_time" if loser == "latency_up" else "latency_up"
                self._drop(loser, winner)

    def _latencies(self) -> None:
        if "latency_down" not in self.values:
            return
        if "latency_up" not in self.values:
            # Set aside by a nearer `drain_time`, or by `none`.
            reason = "drain_time" if "drain_time" in self.values else "latency_up"
            if self.ranks.get(reason, -1) > self.ranks["latency_down"]:
                self._drop("latency_down", reason)
        elif self.values["latency_down"] > self.values["latency_up"]:
            loser = self._farther("latency_up", "latency_down")
            if loser is not None:
                winner = "latency_down" if loser == "latency_up" else "latency_up"
                self._yield(loser, winner)

    def _range(self) -> None:
        """A nearer floor raises `max`; then `max` lowers the farther ones."""
        for is_nearer in (True, False):
            for floor in FLOORS:
                if not {floor, "max"} <= self.values.keys():
                    continue
                loser = self._farther(floor, "max")
                if self.values[floor] > self.values["max"] and loser is not None:
                    if is_nearer and loser == "max":
                        self._yield("max", floor)
                    elif not is_nearer and loser == floor:
                        self._yield(floor, "max")

    def _window(self, window: Window) -> Window:
        """Return a window whose range goes together with `min` and `max`."""
        low, high = window.min_dynos, window.max_dynos
        if low is not None and high is None and "max" in self.values:
            most = self.values["max"]
            if low > most:
                loser = self._farther("schedule", "max")
                if loser == "schedule":
                    self._note(f"min={low} of {window.text!r}", "schedule", "max", most)
                    return replace(window, min_dynos=most)
                if loser == "max":
                    self._note(f"max = {most}", "max", "schedule", low)
                    return replace(window, max_dynos=low)
        if high is not None and low is None and "min" in self.values:
            fewest = self.values["min"]
            if fewest > high:
                loser = self._farther("schedule", "min")
                if loser == "schedule":
                    what = f"max={high} of {window.text!r}"
                    self._note(what, "schedule", "min", fewest)
                    return replace(window, max_dynos=fewest)
                if loser == "min":
                    self._note(f"min = {fewest}", "min", "schedule", high)
                    return replace(window, min_dynos=high)
        return window

    def _farther(self, one: str, other: str) -> str | None:
        """Return the value that was set farther away; None if neither was."""
        ranks = self.ranks
        if ranks[one] == ranks[other]:
            return None
        return one if ranks[one] < ranks[other] else other

    def _yield(self, loser: str, winner: str) -> None:
        value = self.values[winner]
        self._note(f"{loser} = {_shown(self.values[loser])}", loser, winner, value)
        self.values[loser] = value

    def _drop(self, loser: str, winner: str) -> None:
        del self.values[loser]
        self.notes.append(
            f"{loser} from {self.origins[loser]} does not hold: {winner} from "
            f"{self.origins[winner]} is nearer"
        )

    def _note(self, what: str, loser: str, winner: str, value: Any) -> None:
        self.notes.append(
            f"{what} from {self.origins[loser]} counts as {_shown(value)}: {winner} "
            f"from {self.origins[winner]} is nearer"
        )


def _shown(value: Any) -> str:
    return f"{value.total_seconds():g}s" if hasattr(value, "total_seconds") else value

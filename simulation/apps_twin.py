"""The apps as they answer: healthy, slow, failing, or with a part missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scalar.core.errors import CountsMalformed, CountsUnavailable
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from simulation.fleet import Fleet
from simulation.heroku_twin import HerokuTwin
from simulation.setup import SimulatedApp

#: Every so many seconds another dyno has a long job, in turns of so many.
LONG_JOB, TURNS = 70, 3


@dataclass
class AppsTwin:
    """The apps.

    Attributes:
        fleet: What they have to do.
        heroku: Where their dynos run.
        apps: By name.
        now: Returns the time.
        failing: Apps that give no answer, to how often they were told to.
        slow: App to the seconds that its answer takes.
        unknown: Process types whose count is null.
        left_out: Process types that answers leave out.
        least: (app, process type) to the least that is known of its count.
    """

    fleet: Fleet
    heroku: HerokuTwin
    apps: Mapping[str, SimulatedApp]
    now: Callable[[], float]
    failing: set[str] = field(default_factory=set)
    slow: dict[str, float] = field(default_factory=dict)
    unknown: set[tuple[str, str]] = field(default_factory=set)
    left_out: set[tuple[str, str]] = field(default_factory=set)
    least: dict[tuple[str, str], float] = field(default_factory=dict)
    failures: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def seconds(self, name: str) -> float:
        """Return how long an answer takes; 0 for the usual time."""
        return self.slow.get(name, 0.0)

    def is_well(self, name: str, process_type: str) -> bool:
        """Return whether the count of a process type is told."""
        key = (name, process_type)
        sick = key in self.unknown or key in self.left_out or key in self.least
        return name not in self.failing and not sick

    def answer(self, name: str, keep: Mapping[str, int]) -> Mapping[str, Reading]:
        """Return what an app says now; raises `CountsError`."""
        del keep  # its dynos take no new jobs; those that are busy stay so
        if name in self.failing:
            self.failures[name] += 1
            if self.failures[name] % 2:
                raise CountsUnavailable("the app answered 500")
            raise CountsMalformed("the answer is not JSON")
        rows = self.heroku.apps[name].formation if name in self.heroku.apps else {}
        app = self.apps[name]
        readings = {}
        for process_type in sorted({*rows, *app.rule.process_types}):
            key = (name, process_type)
            if key in self.left_out or key not in self.fleet:
                continue
            quantity = rows[process_type].quantity if process_type in rows else 0
            readings[process_type] = self._reading(app, process_type, quantity)
        return readings

    def _reading(self, app: SimulatedApp, name: str, quantity: int) -> Reading:
        key = (app.name, name)
        if key in self.unknown:
            return Reading(Unknown(Reason.COUNT_NULL, "null"))
        if key in self.least:
            least = int(self.least[key])
            return Reading(Unknown(Reason.COUNT_NULL, "a part", at_least=least))
        count = self.fleet.count(app.name, name, self.now())
        if not app.tells_busy:
            return Reading(count)
        return Reading(count, busy=self._busy(app, count, quantity))

    def _busy(self, app: SimulatedApp, count: int, quantity: int) -> frozenset[int]:
        """Return the dynos that run a job: the first ones, and one with a long job."""
        working = min(quantity, app.rule.recommended(count))
        busy = set(range(1, working + 1))
        turn = int(self.now() // LONG_JOB)
        if quantity and turn % TURNS == 0:
            busy.add(min(quantity, turn % 5 + 1))
        return frozenset(busy)

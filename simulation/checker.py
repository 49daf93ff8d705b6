"""What has to hold while a run goes on, and at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scalar.core.event import Event
from scalar.core.reading import Reading, Unknown
from simulation import check_changes, check_end, check_progress
from simulation.orders import Orders
from simulation.record import Evaluation
from simulation.setup import ADDED

if TYPE_CHECKING:
    from simulation.world import World

#: Seconds between two looks at all apps.
LOOK = 5.0


class Checker:
    """Observes everything that happens and notes which rules are broken.

    Attributes:
        world: The run.
        orders: What people were told is done.
        registered_at: App to the time at which it was registered.
        answers: (app, process type) to what it answered: when, and the count.
        sure_from: App to the time from which on its answers are remembered for sure.
        refusals: App to the time of the last refusal.
        limits: App to the limits that it had, each with its end.
        others: Apps whose name another one had for a time.
        added: Process types that a deployment added, with the time.
        starved: Apps that were not polled in their bound, now.
        wrong_since: (app, process type) to the time since when its dynos are wrong.
        lost_at: When Redis lost memories.
        asked_for: (app, process type) to what was asked of Heroku: when, how many.
        begun: The tokens of the leases of evaluations.
        slow: How many apps were slow or failing at the last looks.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders = Orders(world)
        self.registered_at: dict[str, float] = {}
        self.answers: defaultdict[
            tuple[str, str], list[tuple[float, int | None, Evaluation]]
        ] = defaultdict(list)
        self.sure_from: defaultdict[str, float] = defaultdict(float)
        self.refusals: dict[str, float] = {}
        self.limits: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self.others: set[str] = set()
        self.added: dict[tuple[str, str], float] = {}
        self.starved: set[str] = set()
        self.wrong_since: dict[tuple[str, str], float] = {}
        self.lost_at: list[float] = []
        self.begun: set[str] = set()
        self.asked_for: defaultdict[tuple[str, str], list[tuple[float, int]]] = (
            defaultdict(list)
        )
        self.slow: list[int] = []

    @property
    def now(self) -> float:
        """The time."""
        return self.world.scheduler.now

    def start(self) -> None:
        """Begin to look at all apps now and then."""
        self.world.scheduler.at(self.now + LOOK, self._look)

    def _look(self) -> None:
        check_progress.look(self)
        self.world.scheduler.at(self.now + LOOK, self._look)

    def end(self) -> None:
        """Check what has to hold in the end."""
        check_end.check(self)

    def broken(self, rule: str, whom: str, what: str) -> None:
        """Note a broken rule."""
        self.world.record.broken(self.now, rule, whom, what)

    # what the apps and the service do

    def asked(self, name: str) -> None:
        """An app is asked for its counts."""
        self.world.record.polls[name].append(self.now)

    def answered(self, by: object, readings: Mapping[str, Reading]) -> None:
        """An app told its counts; nothing if it failed."""
        if not isinstance(by, Evaluation):
            return
        by.answered = self.now
        by.counts = counts = {
            name: None if isinstance(said.count, Unknown) else int(said.count)
            for name, said in readings.items()
        }
        by.said.append(counts)
        busy_now = {
            name: frozenset(dyno for dyno in said.busy if isinstance(dyno, int))
            for name, said in readings.items()
            if isinstance(said.busy, frozenset)
        }
        by.busy = busy_now
        for name, busy in busy_now.items():
            by.were_busy[name] = by.were_busy.get(name, frozenset()) | busy
        for name in {*counts, *self.world.apps[by.app].rule.process_types, ADDED}:
            self.answers[by.app, name].append((self.now, counts.get(name), by))

    def finished(self, evaluation: Evaluation, *, is_held: bool) -> None:
        """An evaluation gave its lease back; what it knew is stored if it held it."""
        evaluation.is_remembered = is_held
        if not is_held:
            self.sure_from[evaluation.app] = self.now

    def sent(self, name: str, quantities: Mapping[str, int], by: object) -> None:
        """A change is asked for."""
        self.world.record.patches[name] += 1
        if isinstance(by, Evaluation):
            check_changes.sent(self, name, quantities, by)

    def made(
        self, name: str, quantities: Mapping[str, int], by: object, who: str
    ) -> None:
        """Heroku is about to make a change."""
        if isinstance(by, Evaluation) and who == "us":
            for process_type, quantity in quantities.items():
                check_changes.made(self, name, process_type, quantity, by)

    def written(self, events: Sequence[Event]) -> None:
        """The journal took events."""
        self.world.record.events.extend(events)

    def pinged(self) -> None:
        """The dead man's switch was told that all is well."""
        check_progress.pinged(self)

    # what happens around it

    def registered(self, name: str) -> None:
        """An app was registered."""
        self.registered_at[name] = self.now
        self.sure_from[name] = self.now
        self.orders.forget(name)

    def unregistered(self, name: str) -> None:
        """An app was removed."""
        self.registered_at.pop(name, None)
        self.orders.unregistered(name)

    def ordered(
        self, app: str, part: str, put: Mapping[str, str], removed: Sequence[str]
    ) -> None:
        """A person was told that a policy is changed."""
        self.orders.add(app, part, put, removed)
        self.recovered(app)

    def rolled_back(self) -> None:
        """Redis lost its last second."""
        self.lost_at.append(self.now)

    def emptied(self) -> None:
        """Redis lost everything."""
        self.lost_at.append(self.now)
        for name in self.world.apps:
            self.sure_from[name] = self.now

    def refused(self, name: str) -> None:
        """Heroku refuses, or refused, to act for an app."""
        self.refusals[name] = self.now

    def limited(self, name: str, limit: int | None) -> None:
        """Heroku allows an app so many dynos; any number if None."""
        if limit is None:
            self.limits[name] = [
                (n, min(end, self.now)) for n, end in self.limits[name]
            ]
        else:
            self.limits[name].append((limit, float("inf")))
        self.refusals[name] = self.now

    def deployed(self, name: str, process_type: str) -> None:
        """A deployment added a process type."""
        self.added.setdefault((name, process_type), self.now)

    def swapped(self, *names: str) -> None:
        """These apps have each other's names now."""
        self.others.update(names)

    def recovered(self, name: str) -> None:
        """An app is well again, or ordered anew: what is wrong is wrong from now on."""
        for key in [key for key in self.wrong_since if key[0] == name]:
            del self.wrong_since[key]

"""All of a run, put together from its seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from random import Random

from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.sql import MemoryJournal, MemoryRegistry
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import AboveLimit, PlatformError, Refused
from scalar.core.formation import Formation, ProcessType
from scalar.service import paging
from scalar.service.parts import Options
from simulation.account_twin import AccountTwin
from simulation.apps_twin import AppsTwin
from simulation.checker import Checker
from simulation.fleet import Fleet
from simulation.happening import happen
from simulation.heroku_twin import HerokuApp, HerokuTwin
from simulation.incidents import Incident
from simulation.ports import AccountOverLine, Line
from simulation.record import Change, Evaluation, Record
from simulation.redis_twin import Message, RedisTwin
from simulation.scheduler import Actor, Process, Scheduler, moment
from simulation.setup import DYNOS, Setup
from simulation.workers import Worker, beat

#: Calls of an account that are kept for people.
RESERVE = 500


class World:
    """The twins, the processes and the checker of one run.

    Attributes:
        setup: What it begins with.
        scheduler: Its time.
        record: What happens.
        redis_is_away: Whether Redis gives no answer.
        database_is_away: Whether the database refuses connections.
        database_hangs: Whether the database gives no answer.
        heroku_is_slow: Whether Heroku takes its time.
        beat_stands_still: Whether beat sends nothing.
        troubled_until: Until when polls or changes may be late.
        lost_at: When Redis lost memories last.
    """

    def __init__(
        self,
        seed: int,
        setup: Setup,
        incidents: Sequence[Incident],
        *,
        with_trail: bool = False,
    ) -> None:
        self.setup = setup
        self.scheduler = Scheduler()
        self.record = Record(with_trail=with_trail)
        self.moment = moment
        self.incidents = incidents
        self._random = Random(f"{seed}-world")  # noqa: S311 - to replay, not to hide
        self.apps = {app.name: app for app in setup.apps}
        self.fleet = Fleet(seed, setup)
        self.heroku = HerokuTwin()
        self.fleet_state = AppsTwin(
            self.fleet, self.heroku, self.apps, lambda: self.scheduler.now
        )
        chance = SeededChance(self.draw(2**32))
        self.redis = RedisTwin(lambda: self.scheduler.now, moment, chance)
        self.journal = MemoryJournal()
        self.registry = MemoryRegistry(self.journal)
        self.homes: dict[int, str] = {}
        self.line = Line(self, Random(f"{seed}-line"))  # noqa: S311 - to replay
        twin = AccountTwin(
            lambda: self.redis.keys.account.setdefault("", {}),
            lambda: self.scheduler.now,
            RESERVE,
        )
        self.account = AccountOverLine(self.line, twin)
        self.options = Options(
            sleep_period=setup.period,
            formation_ttl=setup.formation_ttl,
            events_keep_days=90,
            app_backoff_max=60,
        )
        self.redis_is_away = self.database_is_away = self.database_hangs = False
        self.heroku_is_slow = self.beat_stands_still = False
        self.troubled_until = 0.0
        self.lost_at = -1.0
        self.idle: list[Actor] = []
        self.checker = Checker(self)
        self.workers: dict[str, Worker] = {}
        self._urls = {app.url: app.name for app in setup.apps}

    def run(self) -> None:
        """Let it all happen."""
        for app in self.setup.apps:
            rows = {name: ProcessType(n, DYNOS) for name, n in app.first.items()}
            self.heroku.apps[app.name] = HerokuApp(f"id-of-{app.name}", rows)
            self.register(app.name)
        with _pages_of(self.setup.page):
            for number, ahead in enumerate(self.setup.ahead, 1):
                self.start_worker(f"worker.{number}", ahead)
            self.scheduler.start("beat", lambda: beat(self))
            for incident in self.incidents:
                happen(self, incident)
            self.checker.start()
            self.scheduler.run(self.setup.until)
        self.checker.end()

    def draw(self, below: int) -> int:
        """Draw a number."""
        return self._random.randrange(below)

    def note(self, what: str, outcome: object) -> None:
        """Add a line to the trail."""
        if self.record.trail is not None:
            actor = self.scheduler.actor
            app = getattr(actor.evaluation, "app", "")
            app = str(getattr(outcome, "target", app))
            self.record.note(self.scheduler.now, actor.name, what, outcome, app)

    def register(self, name: str) -> None:
        """Register an app with its policy, as it was at the beginning."""
        app = self.apps[name]
        at = self.moment(self.scheduler.now)
        added = self.registry.add(name, CountsAddress.parse(app.url), at)
        self.homes[added.id] = name
        self.registry.set_policy(name, "", app.values())
        self.checker.registered(name)

    def registered_as(self, home: str) -> str:
        """Return the registered name of the app that had a name at first."""
        for key in self.registry.page(0, len(self.homes)):
            if self.homes.get(key.id) == home:
                return key.name
        return home

    def name_at(self, url: str) -> str:
        """Return the app that answers at a URL."""
        return self._urls[url]

    def start_worker(self, name: str, ahead: float) -> None:
        """Begin a worker process."""
        self.workers[name] = Worker(self, name, ahead)
        self.workers[name].start(self.setup.threads)

    def kill(self, process: Process, seconds: float) -> None:
        """End a process at once; the platform starts another one after a while."""
        process.is_dead = True
        scheduler = self.scheduler
        self.trouble(seconds)
        ahead = self.workers[process.name].clock.ahead

        def again() -> None:
            self.start_worker(process.name, ahead)

        scheduler.at(scheduler.now + seconds, again)

    def trouble(self, seconds: float) -> None:
        """Note that polls or changes may be late for some time."""
        self.troubled_until = max(self.troubled_until, self.scheduler.now + seconds)

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Put evaluations on the queue, and wake workers for them."""
        self.redis.keys.queue.extend(messages)
        for _ in messages[: len(self.idle)]:
            self.scheduler.wake(self.idle.pop())

    def enqueue_tick(self) -> None:
        """Put a tick on its queue, and wake a worker for it."""
        self.redis.keys.ticks += 1
        if self.idle:
            self.scheduler.wake(self.idle.pop())

    def take_tick(self) -> bool:
        """Take a tick off its queue; return whether there was one."""
        keys = self.redis.keys
        if self.redis_is_away or not keys.ticks:
            return False
        keys.ticks -= 1
        return True

    def take_message(self) -> Message | None:
        """Take the next evaluation off the queue."""
        queue = self.redis.keys.queue
        return None if self.redis_is_away or not queue else queue.pop(0)

    def wake_all(self) -> None:
        """Let all idle threads look for messages again."""
        for actor in self.idle:
            self.scheduler.wake(actor)
        self.idle.clear()

    def make(
        self,
        name: str,
        quantities: Mapping[str, int],
        evaluation: object,
        *,
        who: str,
    ) -> Formation:
        """Let Heroku carry out a change; raises `PlatformError`."""
        try:
            self.heroku.accept(name, quantities)
        except (AboveLimit, Refused):
            if isinstance(evaluation, Evaluation):
                evaluation.limited = True
            raise
        self.checker.made(name, quantities, evaluation, who)
        rows = self.heroku.apps[name].formation
        for process_type, quantity in quantities.items():
            if process_type in rows:
                self.changed(name, process_type, quantity, who, evaluation)
        return self.heroku.scale(name, quantities)

    def make_later(
        self, name: str, quantities: Mapping[str, int], evaluation: object
    ) -> None:
        """Let Heroku carry out a change that has no answer: late, or never."""
        after = self.heroku.late.pop(name)
        if not after:
            return

        def late() -> None:
            with suppress(PlatformError):
                self.make(name, quantities, evaluation, who="late")
                self.note("late PATCH", dict(quantities))

        self.scheduler.at(self.scheduler.now + after, late)

    def changed(
        self,
        name: str,
        process_type: str,
        quantity: int,
        who: str,
        evaluation: object = None,
    ) -> None:
        """Record that dynos change, if they do."""
        rows = self.heroku.apps[name].formation
        before = rows[process_type].quantity if process_type in rows else 0
        if before == quantity:
            return
        change = Change(self.scheduler.now, who, before, quantity)
        self.record.changes[name, process_type].append(change)
        if isinstance(evaluation, Evaluation):
            evaluation.made.append(change)


@contextmanager
def _pages_of(apps: int) -> Iterator[None]:
    """Let fan-outs read so many apps at a time: a fleet of two pages stays small."""
    usual = paging.PAGE
    paging.PAGE = apps
    try:
        yield
    finally:
        paging.PAGE = usual

"""The twins as one worker process sees them: each call takes time, and may fail.

Every call of every port goes through `Line.call`. Between two of them nothing else
runs; at each of them anything may happen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from scalar.adapters.governed_platform import GovernedPlatform
from scalar.core.app import DEFAULT_PLATFORM, AppKey, NewApp, RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    CoordinationError,
    CountsError,
    CountsUnavailable,
    PlatformError,
    PlatformUnavailable,
    RegistryError,
    ScalarError,
)
from scalar.core.event import Event, EventKind, Sought
from scalar.core.formation import Formation
from scalar.core.health import DECIDED, Heartbeats, Outcome, Tally
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.platform_rules import HEROKU
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.reading import Reading
from scalar.core.reason import Cause
from scalar.core.secret import Secret
from scalar.ports.account import Account, Budget
from scalar.ports.coordination import Lease, Standing, Tick
from scalar.ports.counts import NOTHING_REMOVED
from scalar.ports.outbox import Backlog
from scalar.ports.platform import Platform, PlatformApp, Urgency
from scalar.ports.registry import Identity, OrdersNow
from simulation.incidents import BEFORE, Incident
from simulation.record import Evaluation
from simulation.scheduler import Process, Stopped

if TYPE_CHECKING:
    from simulation.world import World

T = TypeVar("T")
#: Seconds after which Heroku and the database count as not answering.
HEROKU_TIMEOUT, DATABASE_TIMEOUT = 8.0, 4.0


class Line:
    """The way from a process to the twins.

    Attributes:
        planned: Faults of single calls, by the name of the call, the earliest first.
    """

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.planned: dict[str, list[Incident]] = {}
        self._random = random.random

    def between(self, shortest: float, longest: float) -> float:
        """Draw a time."""
        return shortest + self._random() * (longest - shortest)

    def call(
        self,
        name: str,
        effect: Callable[[], T],
        failure: type[ScalarError],
        shortest: float,
        longest: float,
    ) -> T:
        """Let an effect happen after a while, and return what it returns.

        A request that was sent takes effect whatever becomes of its sender.
        """
        scheduler, record = self.world.scheduler, self.world.record
        actor = scheduler.actor
        scheduler.end_if_stopped(actor)
        app = getattr(actor.evaluation, "app", "")
        out = self.between(shortest, longest)
        fault = self._planned(name) if self.planned else None
        if fault and fault.part == BEFORE:
            self._note(name, f"FAULT before: {fault}")
            self._suffer(fault, actor.process, failure)
        outcome: list[tuple[T | None, ScalarError | None]] = []

        def happen() -> None:
            try:
                outcome.append((effect(), None))
            except ScalarError as exc:
                outcome.append((None, exc))
            if record.trail is not None:
                value, error = outcome[0]
                told = value if error is None else f"{type(error).__name__}: {error}"
                record.note(scheduler.now, actor.name, name, told, app)

        scheduler.at(scheduler.now + out, happen)
        scheduler.sleep(out)
        if fault:
            self._note(name, f"FAULT after: {fault}")
            self._suffer(fault, actor.process, failure)
        if not outcome:
            raise failure(f"{name}: no answer")
        value, error = outcome[0]
        if error is not None:
            raise error
        return value  # type: ignore[return-value] # what the effect returned

    def _note(self, name: str, what: str) -> None:
        actor = self.world.scheduler.actor
        app = getattr(actor.evaluation, "app", "")
        now = self.world.scheduler.now
        self.world.record.note(now, actor.name, name, what, app)

    def _planned(self, name: str) -> Incident | None:
        waiting = self.planned.get(name)
        if not waiting or waiting[0].at > self.world.scheduler.now:
            return None
        fault = waiting[0]
        process = self.world.scheduler.actor.process
        if fault.kind == "worker dies at" and process is None:
            return None
        return waiting.pop(0)

    def _suffer(
        self, fault: Incident, process: Process | None, failure: type[ScalarError]
    ) -> None:
        if fault.kind == "worker dies at":
            if process is not None:
                self.world.kill(process, fault.seconds)
                raise Stopped
            return
        raise failure(f"injected {fault.part} the effect")

    def redis(self, name: str, effect: Callable[[], T]) -> T:
        """Call Redis."""
        world = self.world

        def reached() -> T:
            if world.redis_is_away:
                raise CoordinationError("Redis is away")
            return effect()

        return self.call(name, reached, CoordinationError, 0.0003, 0.0015)

    def database(self, name: str, effect: Callable[[], T]) -> T:
        """Call the database."""
        world = self.world

        def reached() -> T:
            if world.database_is_away:
                raise RegistryError("the database is away")
            return effect()

        if world.database_hangs:
            return self.call(
                name, _no_answer(RegistryError), RegistryError, 1, DATABASE_TIMEOUT
            )
        return self.call(name, reached, RegistryError, 0.001, 0.004)

    def heroku(self, name: str, effect: Callable[[], T]) -> T:
        """Call Heroku's API."""
        slow = 6.0 if self.world.heroku_is_slow else 0.5
        return self.call(name, effect, PlatformUnavailable, 0.08, slow)


def _no_answer(failure: type[ScalarError]) -> Callable[[], NoReturn]:
    def wait() -> NoReturn:
        raise failure("no answer in time")

    return wait


class SharedState:
    """`TickGate`, `StateStore` and `HealthStore`, over the line."""

    def __init__(self, line: Line, keeper: Keeper) -> None:
        self._line = line
        self._keeper = keeper
        self._redis = line.world.redis

    def open_tick(self, period: float) -> Tick | None:
        """Return the tick if a fan-out may run now."""
        return self._line.redis("open_tick", lambda: self._redis.open_tick(period))

    def once(self, name: str, seconds: float) -> bool:
        """Return True to one caller in `seconds`."""
        return self._line.redis("once", lambda: self._redis.once(name, seconds))

    def reserve(self, app_ids: Sequence[int], token: str, seconds: float) -> list[int]:
        """Reserve apps for messages under way."""
        return self._line.redis(
            "reserve", lambda: self._redis.reserve(app_ids, token, seconds)
        )

    def standing(self, app_ids: Sequence[int]) -> dict[int, Standing]:
        """Return the standing of those of the apps that rest or are slow."""
        return self._line.redis("standing", lambda: self._redis.standing(app_ids))

    def polled_before(self, at: datetime, most: int) -> list[int]:
        """Return apps that were not polled since then."""
        return self._line.redis("polled", lambda: self._redis.polled_before(at, most))

    def busy(self, app_ids: Collection[int]) -> set[int]:
        """Return those of the apps that are reserved or being evaluated."""
        return self._line.redis("busy", lambda: self._redis.busy(app_ids))

    def begin(self, app_id: int, token: str) -> tuple[Lease, Memory] | None:
        """Take the lease that the app was reserved for."""
        evaluation = self._line.world.scheduler.actor.evaluation

        def take() -> tuple[Lease, Memory] | None:
            begun = self._redis.begin(app_id, token)
            if begun is not None and isinstance(evaluation, Evaluation):
                evaluation.lease = begun[0].token
                self._line.world.checker.begun.add(begun[0].token)
            return begun

        begun = self._line.redis("begin", take)
        if begun is not None:
            self._keeper.leases.append(begun[0])
        return begun

    def store(self, lease: Lease, memory: Memory) -> bool:
        """Store the memory if the lease is still held."""
        dump = self._keeper.dump
        return self._line.redis("store", lambda: self._redis.store(lease, memory, dump))

    def finish(
        self,
        lease: Lease,
        memory: Memory | None,
        events: Sequence[Event] = (),
        outcome: Outcome = DECIDED,
    ) -> Backlog:
        """Release the lease; store the memory, unless it is None, and the events."""
        self._keeper.drop(lease)
        evaluation = self._line.world.scheduler.actor.evaluation
        dump = self._keeper.dump

        def finish() -> Backlog:
            held = self._redis.holder(lease.app_id) == lease.token
            backlog = self._redis.finish(lease, memory, events, outcome, dump=dump)
            if isinstance(evaluation, Evaluation):
                self._line.world.checker.finished(evaluation, is_held=held)
            return backlog

        return self._line.redis("finish", finish)

    def recall(self, app_ids: Sequence[int]) -> dict[int, Memory]:
        """Return what is remembered of apps."""
        return self._line.redis("recall", lambda: self._redis.recall(app_ids))

    def polled(self, app_ids: Sequence[int]) -> dict[int, datetime]:
        """Return when the last evaluation of apps ended."""
        return self._line.redis("polled_at", lambda: self._redis.polled(app_ids))

    def forget(self, app_id: int) -> None:
        """Drop what is remembered of an app."""
        self._line.redis("forget", lambda: self._redis.forget(app_id))

    def waiting(self, most: int) -> Sequence[Event]:
        """Return events that the journal may not have."""
        return self._line.redis("waiting", lambda: self._redis.waiting(most))

    def remove(self, events: Sequence[Event]) -> None:
        """Remove events from the outbox."""
        self._line.redis("remove", lambda: self._redis.remove(events))

    def heartbeats(self) -> Heartbeats:
        """Return the signs of life."""
        return self._line.redis("heartbeats", self._redis.heartbeats)

    def tally(self) -> Tally:
        """Return what was done since the last call."""
        return self._line.redis("tally", self._redis.tally)


class Keeper:
    """The leases of one process, and the version of the program that it runs."""

    def __init__(self, dump: Callable[[Memory, str], str]) -> None:
        self.leases: list[Lease] = []
        self.dump = dump
        self.stalled_until = 0.0

    def drop(self, lease: Lease) -> None:
        """Keep a lease up no longer."""
        if lease in self.leases:
            self.leases.remove(lease)


class DatabaseRegistry:
    """`Registry`, over the line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._inner = line.world.registry

    def find(self, key: AppKey) -> RegisteredApp | None:
        """Return an app by its key."""
        return self._line.database("find", lambda: self._inner.find(key))

    def page(self, after_id: int, limit: int) -> Sequence[AppKey]:
        """Return the next apps in the order of their ids."""
        return self._line.database("page", lambda: self._inner.page(after_id, limit))

    def add(
        self,
        name: str,
        address: CountsAddress,
        at: datetime,
        heroku_key: Secret = SHARED_KEY,
        *,
        platform_id: str = "",
        web_url: str = "",
        events: Sequence[Event] = (),
    ) -> RegisteredApp:
        """Register an app."""
        said: Any = {"platform_id": platform_id, "web_url": web_url, "events": events}
        return self._line.database(
            "add", lambda: self._inner.add(name, address, at, heroku_key, **said)
        )

    def remove(self, name: str, *, events: Sequence[Event] = ()) -> None:
        """Remove an app."""
        self._line.database("remove", lambda: self._inner.remove(name, events=events))

    def get(self, name: str) -> RegisteredApp:
        """Return an app by its name."""
        return self._line.database("get", lambda: self._inner.get(name))

    def app_key(self, name: str) -> AppKey:
        """Return an app's key."""
        return self._line.database("app_key", lambda: self._inner.app_key(name))

    def orders(self, app_id: int) -> OrdersNow:
        """Return what is ordered of an app now."""
        return self._line.database("revision", lambda: self._inner.orders(app_id))

    def known_pause(self) -> FleetPause | None:
        """Return the pause of all apps."""
        return self._line.database("pause", self._inner.known_pause)

    def fleet_pause(self) -> FleetPause | None:
        """Return the pause of all apps."""
        return self.known_pause()

    def set_fleet_pause(
        self, pause: FleetPause | None, *, events: Sequence[Event] = ()
    ) -> None:
        """Pause all apps, or end that."""
        self._line.database(
            "set_pause", lambda: self._inner.set_fleet_pause(pause, events=events)
        )

    def name_of(self, platform_id: str, platform: str = DEFAULT_PLATFORM) -> str:
        """Return the name of the app with an id of the platform."""
        return self._line.database(
            "name_of", lambda: self._inner.name_of(platform_id, platform)
        )

    def identify(
        self,
        app_id: int,
        identity: Identity,
        at: datetime,
        address: CountsAddress | None = None,
    ) -> bool:
        """Store what the platform says of an app."""
        return self._line.database(
            "identify", lambda: self._inner.identify(app_id, identity, at, address)
        )

    def set_policy(
        self,
        name: str,
        process_type: str,
        values: Mapping[str, str],
        **others: Any,
    ) -> None:
        """Replace the stored values of an app or a process type."""
        self._line.database(
            "set_policy",
            lambda: self._inner.set_policy(name, process_type, values, **others),
        )

    def set_address(self, name: str, address: CountsAddress, **others: Any) -> None:
        """Give an app another address."""
        self._line.database(
            "set_address", lambda: self._inner.set_address(name, address, **others)
        )

    def set_heroku_key(self, name: str, heroku_key: Secret, **others: Any) -> None:
        """Give an app its own Heroku key."""
        self._line.database(
            "set_heroku_key",
            lambda: self._inner.set_heroku_key(name, heroku_key, **others),
        )


class DatabaseJournal:
    """`Journal`, over the line."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def record(self, events: Sequence[Event]) -> None:
        """Write events down, all or none."""
        world = self._line.world

        def write() -> None:
            before = len(world.journal.events)
            world.journal.record(events)
            world.checker.written(world.journal.events[before:])

        self._line.database("record", write)

    def recent(
        self, app: str | None, limit: int, kind: EventKind | None = None
    ) -> Sequence[Event]:
        """Return the newest events."""
        inner = self._line.world.journal
        return self._line.database("recent", lambda: inner.recent(app, limit, kind))

    def search(self, sought: Sought, limit: int) -> Sequence[Event]:
        """Return the newest events that are sought."""
        inner = self._line.world.journal
        return self._line.database("search", lambda: inner.search(sought, limit))

    def prune(self, before: datetime) -> int:
        """Delete old events."""
        inner = self._line.world.journal
        return self._line.database("prune", lambda: inner.prune(before))


@dataclass(frozen=True)
class AppSource:
    """`CountSource`: the apps themselves, over the line."""

    line: Line

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return what an app says of each process type."""
        world = self.line.world
        name = world.name_at(address.url.address)
        evaluation = world.scheduler.actor.evaluation
        world.checker.asked(name)
        seconds = world.fleet_state.seconds(name)

        low, high = (seconds, seconds * 1.3) if seconds else (0.02, 0.2)
        try:
            readings = self.line.call(
                "read",
                lambda: world.fleet_state.answer(name, keep),
                CountsUnavailable,
                low,
                high,
            )
        except CountsError:
            world.checker.answered(evaluation, {})
            raise
        world.checker.answered(evaluation, readings)
        return readings


@dataclass(frozen=True)
class AccountOverLine:
    """`Account`, over the line."""

    line: Line
    twin: Account

    def ask(self, urgency: Urgency) -> Cause | None:
        """Return None if a call may be made now, otherwise why not."""
        return self.line.redis("ask", lambda: self.twin.ask(urgency))

    def answered(self, remaining: int | None) -> None:
        """Record that Heroku answered."""
        self.line.redis("answered", lambda: self.twin.answered(remaining))

    def failed(self, error: PlatformError) -> None:
        """Record a failure that concerns the whole account."""
        self.line.redis("failed", lambda: self.twin.failed(error))

    def budget(self) -> Budget:
        """Return what is known."""
        return self.line.redis("budget", self.twin.budget)


@dataclass(frozen=True)
class HerokuOverLine:
    """`Platforms`: Heroku's API, over the line."""

    line: Line
    account: Account

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls are metered."""
        return GovernedPlatform(self.unmetered(app), self.account)

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's own call."""
        home = self.line.world.heroku.home_of(app.platform_id or app.name)
        return HerokuCalls(self.line, self.account, home)


@dataclass(frozen=True)
class HerokuCalls:
    """The `Platform` of one app."""

    line: Line
    account: Account
    app: str
    rules = HEROKU
    calls_left: int | None = None

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return what Heroku says of the app."""
        del urgency
        world = self.line.world

        def describe() -> PlatformApp:
            app = world.heroku.describe(self.app)
            at = app.released_at
            released = None if at is None else world.moment(at)
            name = world.heroku.name_of(self.app)
            return PlatformApp(app.id, name, "", released)

        return self._heard(self.line.heroku("describe", describe))

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        del urgency
        world = self.line.world

        def read() -> Formation:
            world.record.reads[self.app] += 1
            rows = self._dated(world.heroku.read(self.app))
            return world.heroku.identified(self.app, rows)

        return self._heard(self.line.heroku("formation", read))

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Ask for absolute quantities in one call; return the formation."""
        del urgency
        world = self.line.world
        actor = world.scheduler.actor
        evaluation = actor.evaluation
        world.checker.sent(self.app, quantities, evaluation)
        if self.app in world.heroku.late:
            world.make_later(self.app, quantities, evaluation)
            return self.line.call(
                "scale",
                _no_answer(PlatformUnavailable),
                PlatformUnavailable,
                HEROKU_TIMEOUT,
                HEROKU_TIMEOUT + 0.1,
            )

        def scale() -> Formation:
            rows = self._dated(world.make(self.app, quantities, evaluation, who="us"))
            return world.heroku.identified(self.app, rows)

        answer = self.line.heroku("scale", scale)
        if isinstance(evaluation, Evaluation):
            for change in evaluation.made:
                change.answered = True
        return self._heard(answer)

    def _dated(self, rows: Formation) -> Formation:
        """Return rows with the time of their last change, as Heroku tells it."""
        world, dated = self.line.world, {}
        for name, row in rows.items():
            change = world.record.last_change(self.app, name)
            at = world.moment(change.at) if change else None
            dated[name] = replace(row, changed_at=at)
        return dated

    def _heard(self, answer: T) -> T:
        """Share the calls left; an answer is not lost because Redis is away."""
        with suppress(CoordinationError):
            self.account.answered(self.line.world.heroku.remaining)
        return answer

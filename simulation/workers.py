"""Beat, and the worker processes: each thread takes a message, and does it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.redis import memory_json
from scalar.adapters.redis.coordinator import LEASE_SECONDS
from scalar.adapters.sql.cached_registry import CachedRegistry
from scalar.core.app import AppKey
from scalar.core.errors import CoordinationError, ScalarError
from scalar.core.policy.resolve import PolicyBook
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from scalar.service.fan_out import fan_out
from scalar.service.health import send_heartbeat
from scalar.service.parts import Parts
from scalar.worker import SlowLane
from simulation.ports import (
    AppSource,
    DatabaseJournal,
    DatabaseRegistry,
    HerokuOverLine,
    Keeper,
    Line,
    SharedState,
)
from simulation.record import Evaluation
from simulation.redis_twin import Message
from simulation.scheduler import Process, WorkerClock

if TYPE_CHECKING:
    from simulation.world import World


class Worker(Process):
    """One worker process: its own clock, memory of the registry, and leases.

    Attributes:
        clock: Of its machine.
        parts: The ports as it has them.
        keeper: What keeps its leases.
    """

    def __init__(self, world: World, name: str, ahead: float) -> None:
        super().__init__(name)
        self._lane = SlowLane(max(1, world.setup.threads // 2))
        self.world = world
        self.clock = WorkerClock(world.scheduler, ahead)
        self.keeper = Keeper(memory_json.dump)
        self.parts = parts_of(world, world.line, self.clock, self.keeper)

    def start(self, threads: int) -> None:
        """Begin to take messages."""
        scheduler = self.world.scheduler
        for number in range(threads):
            scheduler.start(f"{self.name}/{number + 1}", self._work, self)
        scheduler.at(scheduler.now + LEASE_SECONDS / 3, self._keep_leases)

    def _keep_leases(self) -> None:
        """Renew the leases, three times in their length, while the process runs."""
        if self.is_dead:
            return
        world, now = self.world, self.world.scheduler.now
        stopped = max(self.frozen_until, self.keeper.stalled_until) > now
        if not stopped and not world.redis_is_away:
            for lease in self.keeper.leases:
                world.redis.renew(lease)
        world.scheduler.at(now + LEASE_SECONDS / 3, self._keep_leases)

    def _work(self) -> None:
        world = self.world
        scheduler = world.scheduler
        while True:
            if world.take_tick():
                scheduler.sleep(world.line.between(0.0005, 0.003))
                self._tick()
            elif message := world.take_message():
                scheduler.sleep(world.line.between(0.0005, 0.003))
                self._take(message)
            else:
                world.idle.append(scheduler.actor)
                scheduler.wait()

    def _tick(self) -> None:
        world = self.world
        world.scheduler.actor.evaluation = None
        try:
            if fan_out(self.parts, Queue(world)):
                send_heartbeat(self.parts, Switch(world))
        except ScalarError as exc:
            world.note("tick.failed", exc)

    def _take(self, message: Message) -> None:
        app_id, name, revision, token, slow = message
        evaluate = partial(self._evaluate, app_id, name, revision, token)
        if slow:
            self._lane.run(app_id, evaluate)
        else:
            evaluate()

    def _evaluate(self, app_id: int, name: str, revision: int, token: str) -> None:
        world = self.world
        home = world.homes.get(app_id, name)
        now = world.scheduler.now
        evaluation = Evaluation(home, app_id, now, ahead=self.clock.ahead)
        world.scheduler.actor.evaluation = evaluation
        try:
            done = poll_and_scale(self.parts, AppKey(app_id, name, revision), token)
            world.record.evaluations += done is not None
            evaluation.decided = done is not None and done.hold is None
        except ScalarError as exc:
            world.note("poll.failed", exc)


def parts_of(world: World, line: Line, clock: WorkerClock, keeper: Keeper) -> Parts:
    """Return the ports of a process."""
    shared = SharedState(line, keeper)
    registry = DatabaseRegistry(line)
    return Parts(
        clock=clock,
        chance=SeededChance(world.draw(2**32)),
        apps=CachedRegistry(registry),
        registry=registry,
        secrets=world.registry,
        journal=DatabaseJournal(line),
        outbox=shared,
        counts=AppSource(line),
        platforms=HerokuOverLine(line, world.account),
        ticks=shared,
        states=shared,
        health=shared,
        policies=PolicyBook({}, scale_web_to_zero=False),
        options=world.options,
    )


class Queue:
    """The `Publisher`: the list in Redis that all workers read."""

    def __init__(self, world: World) -> None:
        self._world = world

    def waiting(self) -> int:
        """Return how many evaluations no worker has taken yet."""
        redis = self._world.redis
        return self._world.line.redis("waiting", lambda: len(redis.keys.queue))

    def publish(
        self, keys: Sequence[AppKey], token: str, *, slow: bool = False
    ) -> None:
        """Enqueue one evaluation for each app."""
        if not keys:
            return
        messages = [(key.id, key.name, key.revision, token, slow) for key in keys]
        self._world.line.redis("publish", lambda: self._world.enqueue(messages))


class Switch:
    """The `Pinger`: the dead man's switch."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ping(self) -> bool:
        """Call it."""
        self._world.checker.pinged()
        return True


def beat(world: World, seconds: float = 0.0) -> None:
    """Send a tick in each period, for ever or for some seconds."""
    scheduler = world.scheduler
    end = scheduler.now + seconds if seconds else float("inf")
    while scheduler.now < end:
        if not world.beat_stands_still:
            try:
                world.line.redis("beat", world.enqueue_tick)
            except CoordinationError as exc:
                world.note("beat", exc)
        scheduler.sleep(world.options.sleep_period * world.line.between(0.99, 1.01))

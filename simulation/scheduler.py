"""Virtual time, and actors of which one runs at a time.

Each actor is a thread, so that the service runs as it is. One baton goes from hand
to hand: an actor that waits looks up what comes next, carries out what is due, and
wakes the actor whose turn it is. Nothing else decides the order, so a run is the same
each time. An actor that is next itself goes on without a switch.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
Deed = Callable[[], None]


class Stopped(BaseException):
    """The actor's process is dead, or the run is over; no `except Exception` fits."""


class Actor:
    """One line of execution.

    Attributes:
        name: For the trail.
        process: Whose thread it is; None for beat, people and the driver.
        evaluation: What it evaluates now, for the record.
    """

    def __init__(self, name: str, process: Process | None = None) -> None:
        self.name = name
        self.process = process
        self.evaluation: object = None
        self.baton = threading.Lock()
        self.baton.acquire()
        self.waits_for = 0


class Process:
    """What its threads share: they freeze and die together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.frozen_until = 0.0


class Scheduler:
    """Runs deeds and actors in the order of virtual time.

    Attributes:
        now: Seconds since the start.
        actor: The one that runs.
        switches: How often the baton changed hands.
        crash: What an actor died of, if that was not planned.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.driver = self.actor = Actor("driver")
        self.switches = 0
        self.crash: BaseException | None = None
        self._agenda: list[tuple[float, int, Deed | Actor, int]] = []
        self._number = 0
        self._over = False
        self._threads: list[tuple[Actor, threading.Thread]] = []

    def at(self, when: float, deed: Deed) -> None:
        """Carry something out at a time; it must not wait."""
        self._put(when, deed, 0)

    def start(self, name: str, body: Deed, process: Process | None = None) -> None:
        """Begin an actor."""
        actor = Actor(name, process)

        def run() -> None:
            actor.baton.acquire()
            try:
                if not self._over:
                    body()
            except Stopped:
                pass
            except BaseException as exc:  # noqa: BLE001 - told by the checker
                self.crash = self.crash or exc
            if not self._over:
                self._next(None)

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append((actor, thread))
        thread.start()
        actor.waits_for += 1
        self._put(self.now, actor, actor.waits_for)

    def sleep(self, seconds: float) -> None:
        """Let the running actor wait."""
        actor = self.actor
        self.end_if_stopped(actor)
        actor.waits_for += 1
        self._put(self.now + seconds, actor, actor.waits_for)
        self.wait()

    def wait(self) -> None:
        """Let the running actor wait until it is woken.

        Raises:
            Stopped: Its process is dead.
        """
        actor = self.actor
        self.end_if_stopped(actor)
        self._next(actor)
        self.end_if_stopped(actor)

    def wake(self, actor: Actor) -> None:
        """Let an actor go on now."""
        actor.waits_for += 1
        self._put(self.now, actor, actor.waits_for)

    def run(self, until: float) -> None:
        """Let all actors go on until a time, and end them."""
        self.sleep(until - self.now)
        self.end()

    def end(self) -> None:
        """End all actors: each wakes for the last time."""
        self._over = True
        for actor, thread in self._threads:
            if thread.is_alive():
                actor.baton.release()
                thread.join()

    def end_if_stopped(self, actor: Actor) -> None:
        """Raise `Stopped` if the actor's process is dead, or the run is over."""
        if self._over or (actor.process is not None and actor.process.is_dead):
            raise Stopped

    def _put(self, when: float, what: Deed | Actor, turn: int) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (when, self._number, what, turn))

    def _next(self, mine: Actor | None) -> None:
        """Carry out what is due until an actor's turn; hand over the baton to it."""
        while True:
            when, _, what, turn = heapq.heappop(self._agenda)
            self.now = max(when, self.now)
            if not isinstance(what, Actor):
                self._carry_out(what)
                continue
            if turn != what.waits_for:
                continue  # it was woken earlier, or ended
            process = what.process
            if process and process.frozen_until > self.now and not process.is_dead:
                self._put(process.frozen_until, what, turn)
                continue
            break
        self.actor = what
        if what is mine:
            return
        self.switches += 1
        what.baton.release()
        if mine is not None:
            mine.baton.acquire()

    def _carry_out(self, deed: Deed) -> None:
        try:
            deed()
        except Exception as exc:  # noqa: BLE001 - told by the checker
            self.crash = self.crash or exc


class WorkerClock:
    """The clock of one machine: right, ahead or behind."""

    def __init__(self, scheduler: Scheduler, ahead: float = 0.0) -> None:
        self._scheduler = scheduler
        self.ahead = ahead

    def now(self) -> datetime:
        """Return what the machine takes for the time (aware, UTC)."""
        return moment(self._scheduler.now + self.ahead)


@lru_cache(maxsize=64)
def moment(seconds: float) -> datetime:
    """Return a virtual time as the service sees it."""
    return START + timedelta(seconds=seconds)

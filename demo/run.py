"""The loop of the demo: put jobs in, look, run the dynos, show."""

from __future__ import annotations

from time import monotonic
from typing import Protocol

from kombu.exceptions import OperationalError

from demo.decisions import DecisionLog
from demo.ending import Ending
from demo.history import History
from demo.load import Waves
from demo.parts import PartFailed
from demo.stage import Stage

#: Seconds between two looks; a quarter of the period, so that no count that
#: the scaler may have read goes unseen.
EVERY = 0.25
#: Seconds beyond the end that the last jobs and dynos may take.
OVERTIME = 20.0
#: Seconds without any count after which the app is taken for dead.
SILENCE = 15.0


class Display(Protocol):
    """Shows how the demo goes."""

    def show(self, history: History) -> None:
        """Show what is new."""


def run(stage: Stage, display: Display, ending: Ending, history: History) -> None:
    """Run until the time is over or a signal came; fill the history.

    Raises:
        PartFailed: A part failed.
    """
    waves = Waves(history.seconds)
    decisions = DecisionLog(history.logs.scaler("worker"))
    begin = monotonic()
    while not ending.requested() and not is_over(history):
        started = monotonic()
        try:
            step(stage, waves, history, started - begin)
        except PartFailed:
            # Ctrl-C reaches the local Heroku as well: then it has not failed.
            if not ending.requested():
                raise
            return
        history.decisions += decisions.new()
        display.show(history)
        ending.wait(started + EVERY - monotonic())


def step(stage: Stage, waves: Waves, history: History, at: float) -> None:
    """Put in the jobs that are due, look, and run the dynos as Heroku says.

    Raises:
        PartFailed: A part failed.
    """
    stage.check()
    for batch in waves.due(at, quiet=history.quiet):
        try:
            stage.customers.enqueue(batch)
        except OperationalError as exc:
            raise PartFailed(
                "Redis", f"takes no jobs: {exc}", history.logs.redis
            ) from exc
        history.enqueued[batch.process_type] += batch.jobs
    history.waves = waves.begun
    look = stage.watcher.look(at)
    stage.dynos.follow(look.dynos, monotonic())
    history.looks.append(look)
    if at - history.last_known_at > SILENCE:
        log = history.logs.dyno("web.1")
        raise PartFailed("dyno web.1", f"gave no count for {SILENCE:g} s", log)


def is_over(history: History) -> bool:
    """Return whether the time is over, and the last dynos are gone or too late."""
    if history.seconds is None or history.now.at < history.seconds:
        return False
    return history.quiet or history.now.at >= history.seconds + OVERTIME

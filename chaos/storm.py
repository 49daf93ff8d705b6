"""The schedule, carried out: begin, wait, end, wait for the polls, rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from chaos import faults
from chaos.catalog import Family
from chaos.check_journal import check_journal
from chaos.check_polls import RESUME_PERIODS
from chaos.check_rest import check_settled
from chaos.dyno import Dyno
from chaos.history import History, Span
from chaos.schedule import Fault, Step
from chaos.script import name_of
from chaos.system import PERIOD, System
from chaos.waiting import wait_until

#: Periods of rest between two steps, after all polls go on.
REST = 0.5
#: Periods for which a fault of Heroku's lasts longer than others of its step.
MORE = 0.1
#: Seconds until the dynos must fit their counts, once these have stopped.
REST_SECONDS = 40.0
#: Seconds between two looks at all that was seen, which take a while themselves.
LOOK = 2.0


@dataclass
class Storm:
    """A run under way.

    Attributes:
        system: What suffers.
        seed: Of the run.
        say: Takes a line of progress.
        spans: The faults so far.
        done: The steps so far, with their spans.
        deaths: Processes that ended by themselves.
    """

    system: System
    seed: int
    say: Callable[[str], None]
    spans: list[Span] = field(default_factory=list)
    done: list[tuple[Step, list[Span]]] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._registry = self.system.database.registry()
        self._first = self.system.dynos()
        self._frozen = float("inf")
        wait_until(lambda: self.system.has_polled_since(0.0), 10 * PERIOD)

    def carry_out(self, steps: Iterable[Step], until: float) -> list[Step]:
        """Do one step after the other; return those that there was no time for.

        Args:
            steps: In order.
            until: Time (of Unix) from which no further step is begun, but for one
                that the last one needs.
        """
        left: list[Step] = []
        must = False
        for step in steps:
            if left or (time.time() > until and not must):
                left.append(step)
                continue
            must = step.needs_the_next
            self.say(f"{time.time() - self.system.fleet.began:7.1f} s  {step}")
            spans = self._suffer(step)
            self.spans += spans
            self.done.append((step, spans))
            self._look_for_deaths()
            self._wait_for_polls(spans)
            _last(REST * PERIOD)
        return left

    def come_to_rest(self) -> History:
        """Stop the script, wait until all fits, stop our processes, look back."""
        self._frozen = self.system.fleet.freeze()
        wait_until(lambda: _is_at_rest(self._history()), REST_SECONDS, every=LOOK)
        self._look_for_deaths()
        for dyno in (self.system.beat, self.system.worker):
            dyno.stop()
        return self._history()

    def _history(self) -> History:
        system = self.system
        return History(
            seed=self.seed,
            period=PERIOD,
            began=system.fleet.began,
            ended=time.time(),
            frozen=self._frozen,
            first_dynos=self._first,
            last_dynos=system.dynos(),
            answers=tuple(sorted(system.fleet.answers(), key=lambda a: a.at)),
            calls=system.calls(),
            events=system.database.scaled(),
            spans=tuple(self.spans),
            registry_before=self._registry,
            registry_after=system.database.registry(),
            deaths=tuple(self.deaths),
        )

    def _suffer(self, step: Step) -> list[Span]:
        """Begin all faults of a step, end each in its time."""
        under_way: list[tuple[float, Span, AbstractContextManager[None]]] = []
        ended: list[Span] = []
        for fault in step.faults:
            context = faults.of(fault, self.system)
            began = time.time()
            context.__enter__()
            end = time.time() + _periods(step, fault) * PERIOD
            names = frozenset(map(name_of, fault.apps))
            span = Span(fault.kind.name, began, end, names, fault.kind.limit)
            under_way.append((end, span, context))
        for end, span, context in sorted(under_way, key=lambda part: part[0]):
            _last(end - time.time())
            context.__exit__(None, None, None)
            ended.append(replace(span, ended=time.time()))
        return ended

    def _wait_for_polls(self, spans: list[Span]) -> None:
        since = max(span.ended for span in spans)
        wait_until(
            lambda: self.system.has_polled_since(since), (RESUME_PERIODS + 1) * PERIOD
        )

    def _look_for_deaths(self) -> None:
        for name in ("beat", "worker"):
            dyno: Dyno = getattr(self.system, name)
            if dyno.has_died:
                self.deaths.append(f"{name} has ended: {dyno.last_words()}")
                dyno.start()


def _periods(step: Step, fault: Fault) -> float:
    """Return how long a fault lasts.

    One of Heroku's outlives those of the system beside it: while these last there
    may be no call that could suffer it.
    """
    if fault.kind.family is not Family.HEROKU:
        return fault.kind.periods
    return max(other.kind.periods for other in step.main) + MORE


def _is_at_rest(history: History) -> bool:
    return not any(check_settled(history)) and not any(check_journal(history))


def _last(seconds: float) -> None:
    """Let a time pass: that of a fault, or of a rest."""
    if seconds > 0:
        time.sleep(seconds)

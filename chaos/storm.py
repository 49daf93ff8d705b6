"""Run the schedule: inject faults, wait, remove them, wait for polls, rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Self

from chaos import faults
from chaos.catalog import BY_NAME, Family
from chaos.check_bounds import PERIODS
from chaos.check_journal import check_journal
from chaos.check_rest import check_settled
from chaos.dyno import Dyno
from chaos.history import Call, History, Span
from chaos.machine import MachineProbe
from chaos.schedule import Fault, Step
from chaos.script import name_of
from chaos.system import PERIOD, SETTINGS, System
from chaos.waiting import wait_until

#: Periods of rest between two steps, after all is well again: each change that was due
#: meanwhile has to come in it.
REST = PERIODS + 0.5
#: Periods for which a fault of Heroku outlasts the others of its step.
MORE = 0.1
#: Seconds within which dynos must match the counts once these have stopped.
REST_SECONDS = 75.0
#: Seconds until apps are polled and Heroku is called again, and doubts are resolved.
RECOVERY = 40.0
#: Seconds between two checks of the whole history, which take a while themselves.
LOOK = 2.0


@dataclass
class Storm:
    """A run in progress.

    Attributes:
        system: The system under test.
        seed: The run's seed.
        say: Prints a line of progress.
        spans: The faults so far.
        done: The steps so far, with their spans.
        deaths: Descriptions of processes that exited by themselves.
    """

    system: System
    seed: int
    say: Callable[[str], None]
    spans: list[Span] = field(default_factory=list)
    done: list[tuple[Step, list[Span]]] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    probe: MachineProbe = field(default_factory=MachineProbe)

    def __enter__(self) -> Self:
        self.probe.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.probe.__exit__(*error)

    def __post_init__(self) -> None:
        self._frozen = float("inf")
        wait_until(lambda: self.system.has_polled_since(0.0), 10 * PERIOD)
        wait_until(self.system.database.knows_all, 10 * PERIOD)
        self._registry = self.system.database.registry()

    def carry_out(self, steps: Iterable[Step], until: float) -> list[Step]:
        """Run one step after the other; return those that there was no time for.

        Args:
            steps: The steps, in order.
            until: Unix time after which no step begins, except one that the last
                step requires.
        """
        left: list[Step] = []
        must = False
        for step in steps:
            if left or (time.time() > until and not must):
                left.append(step)
                continue
            must = step.requires_next
            self.say(f"{time.time() - self.system.fleet.began:7.1f} s  {step}")
            spans = self._inject(step)
            self.spans += spans
            self.done.append((step, spans))
            self._check_for_deaths()
            self._wait_for_polls(spans)
            if not must:
                self._wait_for_heroku(spans)
                _pause(REST * PERIOD)
        return left

    def settle(self) -> History:
        """Stop the script, wait until dynos match, stop our processes; return all."""
        self._frozen = self.system.fleet.freeze()
        wait_until(lambda: _has_settled(self._history()), REST_SECONDS, every=LOOK)
        self._check_for_deaths()
        for name in ("beat", "worker"):
            self.system.stop(name)
        return replace(self._history(), leaks=tuple(self.system.leaks()))

    def _history(self) -> History:
        system = self.system
        return History(
            seed=self.seed,
            period=PERIOD,
            began=system.fleet.began,
            ended=time.time(),
            frozen=self._frozen,
            first_dynos=system.first_dynos,
            last_dynos=system.dynos(),
            answers=tuple(sorted(system.fleet.answers(), key=lambda a: a.at)),
            calls=system.calls(),
            events=system.database.changes(),
            spans=tuple(self.spans),
            registry_before=self._registry,
            registry_after=system.database.registry(),
            deaths=(*self.deaths, *system.complaints),
            by_hand=tuple(system.by_hand),
            load=tuple(self.probe.samples),
            formation_ttl=float(SETTINGS["FORMATION_TTL"]),
        )

    def _inject(self, step: Step) -> list[Span]:
        """Inject all faults of a step, and remove each when its time is over."""
        active: list[tuple[float, Span, AbstractContextManager[None]]] = []
        ended: list[Span] = []
        for fault in step.faults:
            context = faults.of(fault, self.system)
            began = time.time()
            context.__enter__()
            end = time.time() + _periods(step, fault) * PERIOD
            names = frozenset(map(name_of, fault.apps))
            span = Span(
                *(fault.kind.name, began, end, names),
                *(fault.kind.limit, fault.process_type),
            )
            active.append((end, span, context))
        for end, span, context in sorted(active, key=lambda part: part[0]):
            _pause(end - time.time())
            context.__exit__(None, None, None)
            ended.append(replace(span, ended=time.time()))
        return ended

    def _wait_for_polls(self, spans: list[Span]) -> None:
        since = max(span.ended for span in spans)
        wait_until(lambda: self.system.has_polled_since(since), RECOVERY)

    def _wait_for_heroku(self, spans: list[Span]) -> None:
        """Wait until Heroku is called again, and no change is in doubt."""
        since = min(span.began for span in spans), max(span.ended for span in spans)
        if any(BY_NAME[span.kind].family is Family.HEROKU for span in spans):
            wait_until(lambda: _is_sure(self.system.calls(), *since), RECOVERY, every=1)

    def _check_for_deaths(self) -> None:
        for name in ("beat", "worker"):
            dyno: Dyno = getattr(self.system, name)
            if dyno.has_died:
                self.deaths.append(f"{name} exited: {dyno.log_tail()}")
                dyno.start()


def _periods(step: Step, fault: Fault) -> float:
    """Return how long a fault lasts.

    A fault of Heroku outlasts the faults of the system beside it: during those there
    may be no call that it could affect.
    """
    if fault.kind.family is not Family.HEROKU:
        return fault.kind.periods
    return max(other.kind.periods for other in step.main) + MORE


def _is_sure(calls: Sequence[Call], began: float, ended: float) -> bool:
    """Return whether Heroku answers after an outage and shows each change of it."""
    failed = [call for call in calls if call.at >= began and not call.was_answered]
    answered = {call.app: call.at for call in calls if call.was_answered}
    return any(at > ended for at in answered.values()) and all(
        answered.get(call.app, 0.0) > max(call.took_effect_at, ended)
        for call in failed
        if call.method == "PATCH"
    )


def _has_settled(history: History) -> bool:
    return not any(check_settled(history)) and not any(check_journal(history))


def _pause(seconds: float) -> None:
    """Let time pass during a fault or a rest."""
    if seconds > 0:
        time.sleep(seconds)

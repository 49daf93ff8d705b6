"""Is the registry unchanged, and does the journal have every change?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.catalog import BY_NAME, REDIS_EMPTIED, WORKER_KILLED, Family
from chaos.cross_out import cross_out
from chaos.evidence import around
from chaos.history import Call, History
from chaos.violation import Violation

#: Seconds that a change may wait in Redis for the next evaluation to record it, once
#: Heroku answers.
WAITING = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a process type's dynos that Heroku applied."""

    call: Call
    process_type: str
    before: int
    after: int


def changes_of(history: History, app: str) -> list[Change]:
    """Return the changes of an app's dynos, in order."""
    dynos = dict(history.first_dynos[app])
    found = []
    for call in history.patches_of[app]:
        if not call.was_applied:
            continue
        for process_type, quantity in call.updates.items():
            before = dynos.get(process_type, 0)
            if before != quantity:
                found.append(Change(call, process_type, before, quantity))
            dynos[process_type] = quantity
    return found


def check_journal(history: History) -> Iterator[Violation]:
    """Yield the changes that the journal lacks, in order."""
    for app in history.first_dynos:
        for change in _missing(changes_of(history, app), _written(history, app)):
            if not is_excused(history, change):
                yield Violation(
                    "no change is missing from the journal",
                    _describe(history, app, change),
                    around(history, app, change.call.at + WAITING),
                )


def lost(history: History) -> list[str]:
    """Return the changes that are missing from the journal with an excuse."""
    return [
        _describe(history, app, change)
        for app in history.first_dynos
        for change in _missing(changes_of(history, app), _written(history, app))
        if is_excused(history, change)
    ]


def _describe(history: History, app: str, change: Change) -> str:
    return (
        f"{app} {change.process_type} {change.before} -> {change.after} "
        f"at {change.call.at - history.began:.3f} s"
    )


def written_twice(history: History) -> int:
    """Return how many more events than changes there are."""
    changes = sum(len(changes_of(history, app)) for app in history.first_dynos)
    return max(0, len(history.events) + len(lost(history)) - changes)


def is_excused(history: History, change: Change) -> bool:
    """Return whether two faults together explain a missing event.

    An event that cannot be written waits in Redis. So does a change without an
    answer, until Heroku tells whether it was applied. If Redis forgets them
    meanwhile, they are lost.
    """
    at = change.call.at
    until = _answered_again(history, change) + WAITING
    for forgot in history.spans_of(REDIS_EMPTIED.name):
        if not at <= forgot.ended <= until:
            continue
        if not change.call.was_answered:
            return True
        if any(
            span.began <= forgot.ended and span.ended >= at
            for span in history.spans
            if span.kind == WORKER_KILLED.name
            or BY_NAME[span.kind].family is Family.DATABASE
        ):
            return True
    return False


def _answered_again(history: History, change: Change) -> float:
    """Return when Heroku answered the next call of the same app."""
    call = change.call
    later = (
        one.at
        for one in history.calls
        if one.app == call.app and one.at > call.at and one.was_answered
    )
    return min(later, default=history.ended)


def _written(history: History, app: str) -> list[tuple[str, int | None, int | None]]:
    return [
        (event.process_type, event.from_quantity, event.to_quantity)
        for event in history.events
        if event.app == app
    ]


def _missing(
    changes: list[Change], written: list[tuple[str, int | None, int | None]]
) -> list[Change]:
    """Return the changes that have no event.

    Each process type's events must be in the order of its changes; an event may
    appear twice.
    """
    missing = []
    for name in sorted({change.process_type for change in changes}):
        made = [change for change in changes if change.process_type == name]
        events = [quantities for kind, *quantities in written if kind == name]
        missing += cross_out(made, events, _are_same)
    return missing


def _are_same(change: Change, event: Sequence[int | None]) -> bool:
    return [change.before, change.after] == list(event)


def check_registry(history: History) -> Iterator[Violation]:
    """Yield a violation if rows of the registry changed."""
    before, after = set(history.registry_before), set(history.registry_after)
    if before != after:
        yield Violation(
            "the registry is unchanged",
            f"{len(before ^ after)} rows differ",
            (
                *(f"  before: {row}" for row in sorted(before - after)),
                *(f"  after:  {row}" for row in sorted(after - before)),
            ),
        )

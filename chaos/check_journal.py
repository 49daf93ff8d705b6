"""Is the registry unchanged, and is each change in the journal once, and as whose?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.evidence import around
from chaos.history import HAND, Call, Event, History
from chaos.violation import Violation

ONCE = "each change is in the journal once"
#: Seconds that an event may wait for the next evaluation or tick to write it.
WAITING = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """A process type's dynos as Heroku was made to set them.

    Attributes:
        call: What made it.
        process_type: Of the app.
        before: The dynos before.
        after: The dynos asked for, and had.
        is_certain: Whether the scaler could know the dynos before: it cannot if
            somebody else changed them, or a change of its own came late or unanswered.
    """

    call: Call
    process_type: str
    before: int
    after: int
    is_certain: bool = True

    @property
    def is_by_hand(self) -> bool:
        """Whether a person made it."""
        return self.call.method == HAND


def made(history: History, app: str) -> list[Change]:
    """Return all that was set, in order, even if the dynos were so many before."""
    dynos = dict(history.first_dynos[app])
    uncertain: set[str] = set()
    found = []
    for call in history.made_of[app]:
        hidden = call.method == HAND or not call.was_answered
        for kind, quantity in call.updates.items():
            before = dynos.get(kind, 0)
            found.append(Change(call, kind, before, quantity, kind not in uncertain))
            dynos[kind] = quantity
            (uncertain.add if hidden else uncertain.discard)(kind)
    return found


def changes_of(history: History, app: str) -> list[Change]:
    """Return the changes of an app's dynos, in order."""
    return [change for change in made(history, app) if change.before != change.after]


def check_journal(history: History) -> Iterator[Violation]:
    """Yield changes that the journal lacks, and events without a change of their own.

    Nothing excuses either: events wait in Redis, have ids, and are written at least
    once and shown once.
    """
    for app in history.first_dynos:
        ours = [change for change in made(history, app) if not change.is_by_hand]
        missing, alone = match(ours, _events(history, app))
        for change in missing:
            if change.before != change.after:
                yield Violation(
                    ONCE,
                    f"{_describe(history, app, change)} is missing",
                    around(history, app, change.call.at + WAITING),
                )
        for event in alone:
            yield Violation(
                ONCE,
                f"{_shown(event)} is there without a change",
                around(history, app, event.at),
            )
        yield from _check_others(history, app)
    yield from _check_ids(history)


def match(
    changes: list[Change], events: list[Event]
) -> tuple[list[Change], list[Event]]:
    """Return the changes without an event of their own, and the events left over.

    Each takes the event that says the same and is nearest in time: an event that
    waited is written after newer ones, and clocks jump.
    """
    left, missing = list(events), []
    # What the scaler knew for sure, and what changed something, comes first.
    order = sorted(changes, key=lambda c: (not c.is_certain, c.before == c.after))
    for change in order:
        same = [event for event in left if _are_same(change, event)]
        if same:
            at = change.call.at
            left.remove(min(same, key=lambda event: abs(event.at - at)))
        else:
            missing.append(change)
    return sorted(missing, key=lambda change: change.call.at), left


def _check_others(history: History, app: str) -> Iterator[Violation]:
    """Yield changes of our own that were recorded as somebody else's."""
    theirs = [change for change in made(history, app) if change.is_by_hand]
    told = [
        event
        for event in history.events
        if event.app == app and event.kind == "changed_elsewhere"
    ]
    for event in told:
        if not any(
            (change.process_type, change.after)
            == (event.process_type, event.to_quantity)
            for change in theirs
        ):
            yield Violation(
                "no change is recorded as somebody else's but theirs",
                _shown(event),
                around(history, app, event.at),
            )


def _check_ids(history: History) -> Iterator[Violation]:
    for name, times in Counter(event.id for event in history.events).items():
        if not name or times > 1:
            yield Violation(ONCE, f"{times} events have the id {name!r}")


def _events(history: History, app: str) -> list[Event]:
    return [e for e in history.events if e.app == app and e.kind == "scaled"]


def _describe(history: History, app: str, change: Change) -> str:
    return (
        f"{app} {change.process_type} {change.before} -> {change.after} "
        f"at {change.call.at - history.began:.3f} s"
    )


def _shown(event: Event) -> str:
    return (
        f"{event.app} {event.process_type} "
        f"{event.from_quantity} -> {event.to_quantity} ({event.kind})"
    )


def _are_same(change: Change, event: Event) -> bool:
    quantities = (event.from_quantity, event.to_quantity)
    if event.process_type != change.process_type:
        return False
    if change.is_certain:
        return quantities == (change.before, change.after)
    return quantities[1] == change.after


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

"""What has to hold once all is calm again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chaos.cross_out import cross_out
from scalar.core.event import Event, EventKind
from simulation.record import Change

if TYPE_CHECKING:
    from simulation.checker import Checker

LOST = "no change is missing from the journal"
TWICE = "no change stands in the journal twice"
NOT_OURS = "no change of ours is recorded as somebody else's"
ORDER_LOST = "what a person was told is done stays done"
CALLS = "Heroku calls stay within their budget"
MEMORY = "what is remembered is bounded"
RED_WHILE_WELL = "nothing is red while all is well"
ENDED = "no process ends by itself"

#: Bytes of the longest memory.
LONGEST = 40_000
#: Seconds within which an event is written once all is well.
WAITING = 90.0


def check(checker: Checker) -> None:
    """Check it all."""
    world = checker.world
    if world.scheduler.crash is not None:
        crash = world.scheduler.crash
        checker.broken(ENDED, "a process", f"{type(crash).__name__}: {crash}")
    for name, process_type in sorted(world.record.changes):
        if name not in checker.others:
            _check_events(checker, name, process_type)
    _check_orders(checker)
    _check_calls(checker)
    if world.redis.longest > LONGEST:
        checker.broken(MEMORY, "redis", f"a memory of {world.redis.longest} bytes")
    _check_health(checker)


def _check_events(checker: Checker, name: str, process_type: str) -> None:
    record = checker.world.record
    changes = record.changes[name, process_type]
    events = [
        event
        for event in record.events
        if event.app == name and event.process_type == process_type
    ]
    scaled = [event for event in events if event.kind is EventKind.SCALED]
    whom = f"{name} {process_type}"
    ours = [c for c in changes if c.who in {"us", "late"}]
    for change in cross_out(ours, scaled, _same):
        if change.who == "us" and not _excused(checker, name, change, changes):
            checker.broken(
                LOST,
                whom,
                f"{change.before} -> {change.after} at {change.at:.2f} s",
            )
    seen: set[tuple[object, ...]] = set()
    # A PATCH may ask for what somebody else has just set: that is recorded, too.
    most = max(len(ours), len(checker.asked_for[name, process_type]))
    for event in scaled:
        key = (event.at, event.from_quantity, event.to_quantity)
        if key in seen or len(scaled) > most:
            checker.broken(TWICE, whom, f"{event.from_quantity} -> {event.to_quantity}")
            break
        seen.add(key)
    for event in _foreign_that_are_ours(events, changes):
        quantities = f"{event.from_quantity} -> {event.to_quantity}"
        checker.broken(NOT_OURS, whom, f"{quantities} at {event.at:%H:%M:%S}")


def _same(change: Change, event: Event) -> bool:
    return change.after == event.to_quantity


def _foreign_that_are_ours(
    events: list[Event], changes: list[Change]
) -> Iterator[Event]:
    """Return events of changes by hand, where nobody has changed anything by hand."""
    by_hand = [c for c in changes if c.who not in {"us", "late"}]
    if by_hand:
        return
    yield from (e for e in events if e.kind is EventKind.CHANGED_ELSEWHERE)


def _excused(
    checker: Checker, name: str, change: Change, changes: list[Change]
) -> bool:
    """Return whether nobody can know that a change was made.

    Redis lost what it was to be written from; or Heroku's answer was lost, and
    somebody else changed the dynos before they were read again.
    """
    later = [c for c in changes if change.at < c.at <= change.at + WAITING]
    if not change.answered and any(c.who != "us" for c in later):
        return True
    if any(change.at <= lost <= change.at + WAITING for lost in checker.lost_at):
        return True
    since = checker.registered_at.get(name)
    return since is None or since > change.at or checker.now - change.at < WAITING


def _check_orders(checker: Checker) -> None:
    registry = checker.world.registry
    for name in checker.registered_at:
        stored = registry.get(checker.world.registered_as(name)).policies
        for part, values in checker.orders.newest(name).items():
            missing = {
                key: text
                for key, text in values.items()
                if stored.get(part, {}).get(key) != text
            }
            if missing:
                checker.broken(ORDER_LOST, name, f"{missing} is not stored")


def _check_calls(checker: Checker) -> None:
    world = checker.world
    incidents = len(world.incidents) + sum(i.seconds / 5 for i in world.incidents)
    spent = sum(world.record.reads.values())
    at_rest = world.setup.until / (0.8 * world.setup.formation_ttl) + 2
    patches = sum(world.record.patches.values())
    most = len(world.apps) * at_rest + 2 * patches + 4 * incidents
    if spent > most:
        checker.broken(CALLS, "all apps", f"{spent} reads, at most {most:.0f} may be")


def _check_health(checker: Checker) -> None:
    world = checker.world
    numbers = {
        world.registry.app_key(world.registered_as(name)).id
        for name in checker.registered_at
    }
    gone = world.redis.keys.stuck.keys() - numbers
    if gone:
        what = f"apps {sorted(gone)} are gone, and count as waiting for Heroku"
        checker.broken(RED_WHILE_WELL, "health", what)

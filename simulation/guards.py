"""What should have kept the dynos: pauses, leases, spans after changes, busy dynos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simulation.orders import Values

if TYPE_CHECKING:
    from simulation.check_changes import Case

#: Guards that people set by an order.
PERSONS = frozenset({"pause", "dry run"})
#: Seconds by which the times of a span may differ in a sound world.
SLACK = 1.0
#: What is a release, and seconds after it in which a change is the deploy's.
RELEASES = frozenset({"release", "type added", "type removed"})
DEPLOYING = 120.0
#: Seconds that a call of Heroku's API takes at most.
LONGEST_CALL = 8.0


def guards_of(case: Case, in_force: Sequence[Values]) -> Iterator[str]:
    """Return the guards that should have kept the dynos, under these orders."""
    orders, now = case.checker.orders, case.checker.now
    direction = "pause_down" if case.is_down else "pause_up"
    if in_force and all(orders.paused(v, direction, now) for v in in_force):
        yield "pause"
    if in_force and all(orders.dry_run(v) for v in in_force):
        yield "dry run"
    if _is_leased(case):
        yield "manual lease"
    if not case.is_down:
        return
    app = case.checker.world.apps[case.app]
    if app.rule.most is None or case.before <= app.rule.most:
        yield from _spans(case)
    told = case.by.busy.get(case.process_type) or ()
    lost = [n for n in told if case.quantity < n <= case.before]
    if lost:
        yield f"busy dyno: {max(lost)}"


def _is_leased(case: Case) -> bool:
    """Return whether a manual change is protected and can be known."""
    checker, name = case.checker, case.app
    lease = checker.world.apps[name].guards.get("manual_lease")
    changes = checker.world.record.changes[name, case.process_type]
    if lease is None or not changes or changes[-1].who != "hand":
        return False
    if len(changes) > 1 and changes[-2].who != "us":
        return False  # it may have been undone before anybody saw it
    at = changes[-1].at
    if any(
        i.target == name and i.kind in RELEASES and 0 <= at - i.at < DEPLOYING
        for i in checker.world.incidents
    ):
        return False  # the deploy may have made it
    if any(
        n == changes[-1].after and abs(asked - at) < 2 * LONGEST_CALL
        for asked, n in checker.asked_for[name, case.process_type]
    ):
        return False  # we asked for the same at the same time: nobody can tell
    seen_again = 2 * checker.world.setup.period
    if max([checker.sure_from[name], *checker.lost_at]) > at - seen_again:
        return False
    return at < case.by.began - SLACK and checker.now - at < lease - SLACK


def _spans(case: Case) -> Iterator[str]:
    world, now = case.checker.world, case.checker.now
    guards = world.apps[case.app].guards
    ours = [
        change.at
        for change in world.record.changes[case.app, case.process_type]
        if change.who == "us" and change.answered
    ]
    if "cooldown_down" in guards and ours:
        passed = now - ours[-1]
        if passed < guards["cooldown_down"] - SLACK:
            yield f"cooldown: {passed:.0f} s passed"
    released = world.heroku.apps[case.app].released_at
    if "release_grace" in guards and released is not None:
        passed = now - released
        seen = released < case.by.began - SLACK
        if seen and passed < guards["release_grace"] - SLACK:
            yield f"release grace: {passed:.0f} s passed"

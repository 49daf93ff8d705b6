"""Is every app polled in its bound, does every change come, is health honest?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.rules import settled
from simulation.setup import ADDED

if TYPE_CHECKING:
    from simulation.checker import Checker

NOT_POLLED = "every app is polled within its bound"
TOO_LATE = "every change comes within its bound"
LATE_PATCH = "a PATCH that is carried out late is noticed within a minute"
NEW_TYPE = "a process type that a deployment adds gets dynos within a minute"
WELL_WHILE_RED = "nothing is green while something is red"

#: Periods for which an app that does not answer may rest, and some more.
PERIODS = 12
#: Looks for which an app that was slow still counts as slow.
LOOKS = 12
#: Periods without a poll in which nothing can change.
UNPOLLED = 3
#: Seconds that a poll may take, and that an unknown outcome may stay unknown.
POLL, DOUBT = 30.0, 60.0
#: Seconds that a refused app waits at most.
REFUSED = 950.0


def look(checker: Checker) -> None:
    """Look at all apps."""
    world, now = checker.world, checker.now
    slow = len(world.fleet_state.slow) + len(world.fleet_state.failing)
    checker.slow.append(slow)
    del checker.slow[:-LOOKS]
    period = world.setup.period
    bound = period * (PERIODS + 2 * max(checker.slow)) + POLL
    checker.starved.clear()
    for name, since in checker.registered_at.items():
        polls = world.record.polls[name]
        last = max(polls[-1] if polls else 0.0, since, world.troubled_until)
        if now - last > bound:
            checker.starved.add(name)
            what = f"not polled for {now - last:.0f} s, bound {bound:.0f} s"
            checker.broken(NOT_POLLED, name, what)
        if name not in checker.others:
            _look_at_dynos(checker, name)


def _look_at_dynos(checker: Checker, name: str) -> None:
    world, now = checker.world, checker.now
    refused = checker.refusals.get(name)
    if refused is not None and now - refused < REFUSED:
        return
    for process_type, row in world.heroku.apps[name].formation.items():
        key = (name, process_type)
        if key not in world.fleet:
            continue
        if _may_differ(checker, name, process_type):
            checker.wrong_since.pop(key, None)
            continue
        count = world.fleet.count(name, process_type, now)
        values = checker.orders.rows[name][-1]
        rule = checker.orders.rule(name, process_type, values)
        wanted = settled(rule, process_type, count, row.quantity)
        if wanted == row.quantity:
            checker.wrong_since.pop(key, None)
            continue
        since = checker.wrong_since.setdefault(key, now)
        change = world.record.last_change(name, process_type)
        since = max(since, change.at if change else 0.0, world.troubled_until)
        if rule.window_down:
            since = max(since, world.fleet.since(name, process_type, now))
        who = change.who if change else ""
        bound = _bound(checker, name, rule.window_down, process_type, who)
        if now - since > bound:
            promise = {"late": LATE_PATCH}.get(who, TOO_LATE)
            if key in checker.added and now - checker.added[key] < bound + 600:
                promise = NEW_TYPE
            what = (
                f"has {row.quantity}, the count {count} asks for {wanted} "
                f"for {now - since:.0f} s"
            )
            checker.broken(promise, f"{name} {process_type}", what)


def _may_differ(checker: Checker, name: str, process_type: str) -> bool:
    """Return whether the dynos need not follow the count now."""
    world, now = checker.world, checker.now
    if name not in checker.registered_at:
        return True
    polls = world.record.polls[name]
    values = checker.orders.rows[name][-1].by_part.get("", {})
    lease = world.apps[name].guards.get("manual_lease", 0)
    return (
        not polls
        or now - polls[-1] > UNPOLLED * world.setup.period
        or not world.fleet_state.is_well(name, process_type)
        or bool({"pause_down", "pause_up", "dry_run"} & values.keys())
        or world.apps[name].tells_busy
        or name in world.heroku.limits
        or any(
            change.who == "hand" and now - change.at < 2 * lease
            for change in world.record.changes[name, process_type]
        )
    )


def _bound(
    checker: Checker, name: str, window: float, process_type: str, who: str
) -> float:
    world = checker.world
    guards = world.apps[name].guards
    bound = 6 * world.setup.period + DOUBT + POLL + window
    bound += guards.get("cooldown_down", 0) + guards.get("release_grace", 0)
    if who == "late":
        bound = 3 * world.setup.period + DOUBT + window
    if who == "hand" and process_type != ADDED:
        bound += world.setup.formation_ttl
    return bound


def pinged(checker: Checker) -> None:
    """Check that all is well, as the dead man's switch was told."""
    for name in sorted(checker.starved):
        checker.broken(WELL_WHILE_RED, name, "not polled, and health says well")

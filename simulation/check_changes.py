"""Is each change explained by a valid count, the policy, and what guards dynos?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from chaos.explain import falls_back, highest_of_window, targets
from chaos.rules import Rule
from simulation.orders import Values
from simulation.record import Change, Evaluation

if TYPE_CHECKING:
    from simulation.checker import Checker

UNKNOWN_DOWN = "nothing goes down on an unknown count"
UNKNOWN_MOVES = "nothing moves on an unknown count but by a fallback"
STALE_UP = "no up against a stale memory takes dynos"
STALE_DOWN = "no down against a stale memory adds dynos"
NOT_BY_POLICY = "nothing moves but as its policy says"
OLD_FACTS = "no dyno goes on a fact of long ago"
UNHEARD = "an order is heard within a second"
TWO_AT_ONCE = "one evaluation of an app at a time"
TWICE = "one PATCH per change"
WRONG_APP = "no app is scaled by another one's counts"
GUARD = "nothing goes down while a guard holds: "

#: Seconds after which an answer is too old to remove dynos by.
OLD = 10.0
#: Seconds by which the times of a span may differ in a sound world.
SLACK = 1.0
#: Seconds for which evaluations may have been held, and recommended nothing.
TROUBLE = 200.0
#: Polls that may count for a fallback.
POLLS = 12


def sent(
    checker: Checker, name: str, quantities: Mapping[str, int], by: Evaluation
) -> None:
    """Check a change as it is asked for."""
    now = checker.now
    by.patches += 1
    by.sent = now
    by.believed = _believed(checker, by)
    downs = [k for k, n in quantities.items() if n < (by.believed.get(k) or 0)]
    if downs and now - by.answered > OLD:
        age = f"{now - by.answered:.1f} s old"
        checker.broken(OLD_FACTS, f"{name} {downs[0]}", f"the counts are {age}")
    if by.patches > 1 and not by.limited:
        checker.broken(TWICE, name, f"{by.patches} PATCHes in one evaluation")
    _check_lease(checker, name, by)
    _check_repeated(checker, name, quantities)
    app = checker.world.heroku.apps.get(name)
    if app is not None and app.id != f"id-of-{name}":
        checker.broken(WRONG_APP, name, f"it is {app.id}, and gets {dict(quantities)}")
    gone = checker.orders.gone.get(name)
    if gone is not None and gone < now - SLACK:
        checker.broken(UNHEARD, name, f"removed {now - gone:.1f} s ago, and scaled")


def _believed(checker: Checker, by: Evaluation) -> dict[str, int | None]:
    """Return the dynos that the service takes for granted, from what it stored."""
    text = checker.world.redis.keys.app.get(by.app_id)
    data = json.loads(text) if text else {}
    return {
        event["process_type"]: event["from_quantity"]
        for event in data.get("unconfirmed", ())
    }


def _check_lease(checker: Checker, name: str, by: Evaluation) -> None:
    holder = checker.world.redis.holder(by.app_id)
    if holder is not None and holder != by.lease and holder in checker.begun:
        checker.broken(TWO_AT_ONCE, name, "another evaluation has its lease")


def _check_repeated(
    checker: Checker, name: str, quantities: Mapping[str, int]
) -> None:
    app = checker.world.heroku.apps.get(name)
    if app is None:
        return
    changes = [checker.world.record.last_change(name, k) for k in quantities]
    if all(
        change is not None
        and change.who == "us"
        and change.answered
        and k in app.formation
        and app.formation[k].quantity == n
        for change, (k, n) in zip(changes, quantities.items(), strict=True)
    ):
        checker.broken(TWICE, name, f"{dict(quantities)} is what it has already")


def made(
    checker: Checker, name: str, process_type: str, quantity: int, by: Evaluation
) -> None:
    """Check a change of one process type as Heroku makes it."""
    app = checker.world.heroku.apps[name]
    if process_type not in app.formation or app.id != f"id-of-{name}":
        return
    before = app.formation[process_type].quantity
    if before == quantity or _raced(checker, name, process_type, by):
        return
    whom = f"{name} {process_type}"
    count = by.counts.get(process_type)
    how = f"{before} -> {quantity}, count {'unknown' if count is None else count}"
    if by.believed.get(process_type) != before:
        how += f", believed {by.believed.get(process_type)}"
    believed = by.believed.get(process_type) or 0
    is_down = quantity < before
    turned = None
    if is_down and quantity > believed:
        turned = STALE_UP
    elif not is_down and quantity < believed:
        turned = STALE_DOWN
    if is_down and count is None:
        checker.broken(turned or UNKNOWN_DOWN, whom, how)
        return
    now = list(checker.orders.in_force(name, by.sent))
    if not _explained(checker, name, process_type, before, quantity, by, now):
        older = list(checker.orders.older(name, by.sent))
        if _explained(checker, name, process_type, before, quantity, by, older):
            rule = UNHEARD
        elif count is None:
            rule = UNKNOWN_MOVES
        else:
            rule = turned or NOT_BY_POLICY
        checker.broken(rule, whom, how)
        return
    for guard in _guards(checker, name, process_type, before, quantity, by, now):
        rule = UNHEARD if guard in {"pause", "dry run"} else GUARD + guard.split()[0]
        rule = turned or rule
        checker.broken(rule, whom, f"{how}, {guard}")


def _raced(checker: Checker, name: str, process_type: str, by: Evaluation) -> bool:
    """Return whether somebody else changed the dynos during this evaluation."""
    last = checker.world.record.last_change(name, process_type)
    return last is not None and last.who != "us" and last.at > by.began - SLACK


def _explained(
    checker: Checker,
    name: str,
    process_type: str,
    before: int,
    quantity: int,
    by: Evaluation,
    in_force: list[Values],
) -> bool:
    return any(
        _by_rule(
            checker,
            name,
            process_type,
            before,
            quantity,
            by,
            checker.orders.rule(name, process_type, values),
        )
        for values in in_force
    )


def _by_rule(
    checker: Checker,
    name: str,
    process_type: str,
    before: int,
    quantity: int,
    by: Evaluation,
    rule: Rule,
) -> bool:
    count = by.counts.get(process_type)
    seen = checker.answers[name, process_type]
    least = checker.world.fleet_state.least.get((name, process_type))
    if count is None:
        polls = [count for _, count, _ in seen[-POLLS:]]
        by_least = least is not None and quantity > before
        return by_least or falls_back(rule, before, quantity, polls)
    remembered = by.began - checker.world.setup.formation_ttl - TROUBLE
    limits = {n for n, end in checker.limits[name] if end > remembered}
    period = checker.world.setup.period
    recent = [
        (at, rule.recommended(n))
        for at, n, _ in seen
        if n is not None and checker.now - at < rule.window_down + TROUBLE
    ]
    sure = {
        at
        for at, n, evaluation in seen
        if evaluation.is_remembered
        and evaluation.decided
        and at > checker.sure_from[name]
    }
    was = {
        dynos
        for change in checker.world.record.changes[name, process_type]
        for dynos in (change.before, change.after)
        if dynos > rule.recommended(count)
    }
    # Dynos are quiesced by one answer, and removed by the next, if it agrees.
    allowed: set[int] = set()
    for counts in by.said:
        if (count := counts.get(process_type)) is not None:
            allowed |= targets(
                rule,
                process_type,
                before,
                count,
                limits=limits,
                in_window=lambda: {
                    *highest_of_window(
                        rule, recent, checker.now, period, sure.__contains__, TROUBLE
                    ),
                    *was,
                },
            )
    busy = max((n for n in by.busy.get(process_type) or () if n <= before), default=0)
    return quantity in allowed | {max(n, busy) for n in allowed}


def _guards(
    checker: Checker,
    name: str,
    process_type: str,
    before: int,
    quantity: int,
    by: Evaluation,
    in_force: list[Values],
) -> Iterator[str]:
    """Return the guards that should have kept the dynos."""
    orders, now = checker.orders, checker.now
    direction = "pause_down" if quantity < before else "pause_up"
    if in_force and all(orders.paused(v, direction, now) for v in in_force):
        yield "pause"
    if in_force and all(orders.dry_run(v) for v in in_force):
        yield "dry run"
    guards = checker.world.apps[name].guards
    changes = checker.world.record.changes[name, process_type]
    if "manual_lease" in guards and _is_leased(
        checker, name, changes, by, guards["manual_lease"]
    ):
        yield "manual lease"
    if quantity > before:
        return
    most = checker.world.apps[name].rule.most
    if most is None or before <= most:
        yield from _spans(checker, name, changes, by, guards)
    busy = by.busy.get(process_type)
    lost = [n for n in busy or () if quantity < n <= before]
    if lost:
        yield f"busy dyno {max(lost)}"


def _is_leased(
    checker: Checker, name: str, changes: list[Change], by: Evaluation, lease: float
) -> bool:
    """Return whether a person's change is to be left alone, and can be known."""
    if not changes or changes[-1].who != "hand":
        return False
    if len(changes) > 1 and changes[-2].who != "us":
        return False
    at = changes[-1].at
    if any(lost > at for lost in checker.lost_at):
        return False
    sure = checker.sure_from[name] < at or checker.sure_from[name] == 0.0
    return sure and at < by.began - SLACK and checker.now - at < lease - SLACK


def _spans(
    checker: Checker,
    name: str,
    changes: list[Change],
    by: Evaluation,
    guards: Mapping[str, int],
) -> Iterator[str]:
    ours = [change.at for change in changes if change.who == "us" and change.answered]
    if "cooldown_down" in guards and ours:
        passed = checker.now - ours[-1]
        if passed < guards["cooldown_down"] - SLACK:
            yield "cooldown"
    released = checker.world.heroku.apps[name].released_at
    if "release_grace" in guards and released is not None:
        recently = checker.now - released < guards["release_grace"] - SLACK
        if recently and released < by.began - SLACK:
            yield "release grace"

"""Is each change explained by a valid count, the policy, and what guards dynos?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.explain import falls_back, highest_of_window, targets
from chaos.rules import Rule
from simulation.guards import PERSONS, guards_of
from simulation.orders import Values
from simulation.record import Evaluation

if TYPE_CHECKING:
    from simulation.checker import Checker

UNKNOWN_DOWN = "nothing goes down on an unknown count"
UNKNOWN_MOVES = "nothing moves on an unknown count but by a fallback"
STALE_UP = "no up against a stale memory takes dynos"
STALE_DOWN = "no down against a stale memory adds dynos"
STALE_POLICY = "nothing moves further than its policy says by a stale memory"
NOT_BY_POLICY = "nothing moves but as its policy says"
OLD_FACTS = "no dyno goes on a fact of long ago"
UNHEARD = "an order is heard within a second"
TWO_AT_ONCE = "one evaluation of an app at a time"
TWICE = "one PATCH per change"
WRONG_APP = "no app is scaled by another one's counts"
GUARD = "nothing goes down while a guard holds: "

#: Seconds after which an answer is too old to remove dynos by.
OLD = 10.0
#: Seconds by which times may differ in a sound world.
SLACK = 1.0
#: Seconds for which evaluations may have been held, and recommended nothing.
TROUBLE = 200.0
#: Polls that may count for a fallback.
POLLS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """A change of one process type, as Heroku is about to make it.

    Attributes:
        checker: Of the run.
        app: Its name.
        process_type: Whose dynos.
        before: Dynos in truth.
        quantity: Dynos afterwards.
        by: The evaluation that asked for it.
    """

    checker: Checker
    app: str
    process_type: str
    before: int
    quantity: int
    by: Evaluation

    @property
    def is_down(self) -> bool:
        """Whether it takes dynos."""
        return self.quantity < self.before

    @property
    def count(self) -> int | None:
        """The count that the app told last; None if it is unknown."""
        return self.by.counts.get(self.process_type)

    @property
    def is_seen(self) -> bool:
        """Whether the service knew how many dynos there are."""
        return self.by.believed.get(self.process_type, self.before) == self.before

    def turned(self) -> str | None:
        """Return the rule for a change that the truth has turned around."""
        believed = self.by.believed.get(self.process_type, self.before) or 0
        if self.is_down and self.quantity > believed:
            return STALE_UP
        if not self.is_down and self.quantity < believed:
            return STALE_DOWN
        return None

    def broken(self, rule: str, why: str = "") -> None:
        """Note that a rule was broken."""
        count = "unknown" if self.count is None else self.count
        how = f"{self.before} -> {self.quantity}, count {count}"
        if not self.is_seen:
            how += f", believed {self.by.believed.get(self.process_type)}"
        if abs(self.by.ahead) > SLACK:
            how += f", by a clock {self.by.ahead:g} s ahead"
        whom = f"{self.app} {self.process_type}"
        self.checker.broken(rule, whom, f"{how}{why and f', {why}'}")


def sent(
    checker: Checker, name: str, quantities: Mapping[str, int], by: Evaluation
) -> None:
    """Check a change when it is requested."""
    now = checker.now
    by.patches += 1
    by.sent = now
    by.believed = _believed(checker, by)
    for process_type, quantity in quantities.items():
        checker.asked_for[name, process_type].append((now, quantity))
    downs = [k for k, n in quantities.items() if n < (by.believed.get(k) or 0)]
    if downs and now - by.answered > OLD:
        age = f"{now - by.answered:.1f} s old"
        checker.broken(OLD_FACTS, f"{name} {downs[0]}", f"the counts are {age}")
    if by.patches > 1 and not by.limited:
        checker.broken(TWICE, name, f"{by.patches} PATCHes in one evaluation")
    holder = checker.world.redis.holder(by.app_id)
    if holder is not None and holder != by.lease and holder in checker.begun:
        checker.broken(TWO_AT_ONCE, name, "another evaluation has its lease")
    _check_repeated(checker, name, quantities)
    if name != by.app:
        checker.broken(WRONG_APP, name, f"gets {dict(quantities)} of {by.app}")
    gone = checker.orders.gone.get(name)
    blind = checker.world.database_is_away or checker.world.database_hangs
    if gone is not None and gone < now - SLACK and (downs or not blind):
        checker.broken(UNHEARD, name, f"removed {now - gone:.1f} s ago, and scaled")


def _believed(checker: Checker, by: Evaluation) -> dict[str, int | None]:
    """Return the dynos that the service takes for granted, from what it stored."""
    text = checker.world.redis.keys.app.get(by.app_id)
    data = json.loads(text) if text else {}
    return {
        event["process_type"]: event["from_quantity"]
        for event in data.get("unconfirmed", ())
    }


def _check_repeated(checker: Checker, name: str, quantities: Mapping[str, int]) -> None:
    app = checker.world.heroku.apps.get(name)
    if app is None or name in checker.others:
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
    if process_type not in app.formation or name != by.app:
        return
    before = app.formation[process_type].quantity
    if before != quantity:
        case = Case(checker, name, process_type, before, quantity, by)
        if not _raced(case):
            _check(case)


def _raced(case: Case) -> bool:
    """Return whether somebody else changed the dynos during the evaluation."""
    last = case.checker.world.record.last_change(case.app, case.process_type)
    return last is not None and last.who != "us" and last.at > case.by.began - SLACK


def _check(case: Case) -> None:
    orders, sent_at = case.checker.orders, case.by.sent
    if case.is_down and case.count is None:
        case.broken(case.turned() or UNKNOWN_DOWN)
        return
    now = list(orders.in_force(case.app, sent_at))
    if not _is_explained(case, now):
        if _is_explained(case, orders.older(case.app, sent_at)):
            case.broken(UNHEARD)
        elif case.count is None:
            case.broken(UNKNOWN_MOVES)
        else:
            rule = NOT_BY_POLICY if case.is_seen else STALE_POLICY
            case.broken(case.turned() or rule)
        return
    world = case.checker.world
    blind = world.database_is_away or world.database_hangs
    for guard in guards_of(case, now):
        if guard in PERSONS and blind and not case.is_down:
            continue  # while the database is away, dynos are added by what is known
        rule = UNHEARD if guard in PERSONS else GUARD + guard.split(":")[0]
        case.broken(case.turned() or rule, guard)


def _is_explained(case: Case, in_force: Iterable[Values]) -> bool:
    orders = case.checker.orders
    rules = {orders.rule(case.app, case.process_type, values) for values in in_force}
    if case.count is None:
        return any(_adds_on_unknown(case, rule) for rule in rules)
    return any(case.quantity in _targets(case, rule) for rule in rules)


def _adds_on_unknown(case: Case, rule: Rule) -> bool:
    """Return whether the least that is known, or a fallback, adds these dynos."""
    key = (case.app, case.process_type)
    if key in case.checker.world.fleet_state.least:
        return True
    polls = [count for _, count, _ in case.checker.answers[key][-POLLS:]]
    return falls_back(rule, case.before, case.quantity, polls)


def _targets(case: Case, rule: Rule) -> set[int]:
    """Return the quantities that what the app told explains.

    Dynos are quiesced by one answer, and removed by the next, if it agrees; busy
    ones stay.
    """
    world = case.checker.world
    remembered = case.by.began - world.setup.formation_ttl - TROUBLE
    limits = {n for n, end in case.checker.limits[case.app] if end > remembered}
    in_window = _in_window(case, rule) if rule.window_down else set()
    allowed: set[int] = set()
    for counts in case.by.said:
        if (count := counts.get(case.process_type)) is not None:
            allowed |= targets(
                rule,
                case.process_type,
                case.before,
                count,
                limits=limits,
                in_window=in_window.copy,
            )
    if (
        rule.most is not None
        and case.before > rule.most
        and world.apps[case.app].guards
    ):
        allowed.add(rule.most)  # a guard keeps dynos, but not above the most
    busy = case.by.were_busy.get(case.process_type, frozenset())
    floors = {n for n in busy if n <= case.before}
    return allowed | {max(n, floor) for n in allowed for floor in floors}


def _in_window(case: Case, rule: Rule) -> set[int]:
    """Return what the window for scaling down allows.

    What an evaluation recommended that ended well is remembered. After a loss, the
    dynos of that time count as recommended.
    """
    checker, key = case.checker, (case.app, case.process_type)
    seen = [
        (at, count, evaluation)
        for at, count, evaluation in checker.answers[key]
        if checker.now - at < rule.window_down + TROUBLE
    ]
    known = [(at, rule.recommended(n)) for at, n, _ in seen if n is not None]
    sure = {
        at
        for at, _, evaluation in seen
        if evaluation.is_remembered
        and evaluation.decided
        and at > checker.sure_from[case.app]
    }
    had = {
        dynos
        for change in checker.world.record.changes[key]
        for dynos in (change.before, change.after)
    }
    least = rule.recommended(case.count or 0)
    highest = highest_of_window(
        rule,
        known,
        checker.now,
        checker.world.setup.period,
        sure.__contains__,
        held=TROUBLE,
    )
    return highest | {dynos for dynos in had if dynos > least}

"""Does each change come within its bound?

The script says which count an app reports from when to when. Some seconds after it has
jumped the dynos must be those that the policy wants, and stay so until it jumps again.
What keeps the scaler from acting moves that bound, and each sickness for no longer than
the README says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from chaos.catalog import BY_NAME, HEROKU_LONG, Family
from chaos.check_polls import resumed_after
from chaos.dynos_at import dynos_at
from chaos.evidence import around, span_line
from chaos.explain import SLICE
from chaos.history import History, Span
from chaos.rules import Rule, rule_of, settled
from chaos.script import BUSY, counts_at, jumps_of, number_of
from chaos.violation import Violation

#: Periods from a jump of a count to the change: until the next tick, which may be late
#: by one, and one for the way.
PERIODS = 3
#: Seconds for which a count has to be known again before dynos are removed, as by the
#: default of SETTLE_TIME.
SETTLE = 15.0
#: Seconds after a refusal until the app is tried again.
AFTER_REFUSAL = 60.0
#: Seconds in which an app in maintenance mode is not asked for again.
AFTER_MAINTENANCE = 60.0
#: Seconds after an outage of Heroku until it is called again, beside its length: waits
#: double from 5 s, and the next one may have just begun.
AFTER_OUTAGE = 10.0


@dataclass(frozen=True, slots=True)
class _Section:
    """A time in which an app reports the same count for a process type."""

    app: str
    process_type: str
    begins: float
    ends: float
    count: int


def check_bounds(history: History) -> Iterator[Violation]:
    """Yield the changes that did not come in time.

    A bound is stretched if the machine was busy meanwhile, by what was measured.
    """
    for section, due in late(history):
        free = due - PERIODS * history.period
        longest = free + history.stretched(free, due - free)
        if longest >= section.ends or _comes_by(history, section, longest):
            continue
        wanted, had = _wanted(history, section, due), _dynos(history, section, due)
        begun = section.begins - history.began
        yield Violation(
            "each change comes within its bound",
            f"{section.app} {section.process_type} has {had} dynos at "
            f"{due - history.began:.1f} s; its count is {section.count} since "
            f"{begun:.1f} s and needs {wanted} ({_rule(section).name})",
            (
                *around(history, section.app, due),
                *(
                    span_line(history, span)
                    for span in history.spans
                    if span.covers(section.begins, after=AFTER_REFUSAL)
                ),
            ),
        )


def late(history: History) -> Iterator[tuple[_Section, float]]:
    """Yield the counts that dynos did not match in time, and when they had to."""
    for section in sections(history):
        due = due_at(history, section)
        if due is not None and due < section.ends:
            wanted = _wanted(history, section, due)
            if _dynos(history, section, due) != wanted:
                yield section, due


def _comes_by(history: History, section: _Section, at: float) -> bool:
    return _dynos(history, section, at) == _wanted(history, section, at)


def checked(history: History) -> tuple[int, int]:
    """Return of how many counts the change was due before the next one, and of all."""
    all_of_them = list(sections(history))
    due = [due_at(history, section) for section in all_of_them]
    in_time = sum(
        at is not None and at < section.ends
        for at, section in zip(due, all_of_them, strict=True)
    )
    return in_time, len(all_of_them)


def sections(history: History) -> Iterator[_Section]:
    """Yield the times in which counts stay, of all apps."""
    for app in history.first_dynos:
        number = number_of(app)
        types = rule_of(number).process_types
        until = min(history.frozen, history.ended)
        jumps = [
            history.began + at
            for at in jumps_of(history.seed, number, until - history.began)
        ]
        for begins, ends in pairwise([*jumps, until]):
            middle = (begins + ends) / 2 - history.began
            for kind, count in counts_at(history.seed, number, types, middle).items():
                yield _Section(app, kind, begins, ends, count)


def due_at(history: History, section: _Section) -> float | None:
    """Return when the dynos have to match the count; None if they need not."""
    rule = _rule(section)
    patience = PERIODS * history.period
    first = min((a.at for a in history.answers_of[section.app]), default=0.0)
    due = max(section.begins, first + patience) + patience
    now = _dynos(history, section, section.begins)
    # A change of just before may come after the count has jumped again.
    most = max(now, _dynos(history, section, section.begins + patience))
    goes_down = rule.recommended(section.count) < most
    pace = _pace(history, rule, section, now)
    for span in sorted(history.spans, key=lambda s: s.ended):
        if span.began <= due + pace and _concerns(span, section):
            free = delays_until(history, span, section.app, goes_down=goes_down)
            if free > section.begins:
                due = max(due, free + patience)
    for call in history.by_hand:
        # A person's change is noticed when the formation is read.
        noticed = call.at + history.formation_ttl + history.period + rule.lease
        if (
            call.app == section.app
            and call.at <= due + pace
            and noticed > section.begins
        ):
            due = max(due, noticed + patience)
    if due == inf:
        return None
    return due + pace


def _concerns(span: Span, section: _Section) -> bool:
    return (not span.apps or section.app in span.apps) and (
        span.process_type in {None, section.process_type}
    )


def delays_until(history: History, span: Span, app: str, *, goes_down: bool) -> float:
    """Return until when a sickness may keep an app's change back."""
    kind = BY_NAME[span.kind]
    rule = rule_of(number_of(app))
    if kind.harmless or (kind.family is Family.DATABASE and not goes_down):
        return 0.0
    if kind.family is Family.REFUSAL:
        return span.ended + max(AFTER_REFUSAL, history.formation_ttl)
    if kind.family is Family.PERSON:
        return span.ended + (AFTER_MAINTENANCE if kind.is_maintenance else 0)
    if kind.family is Family.HEROKU:
        return called_again(history, span)
    again = span.ended + (resumed_after(history, span) or 0.0)
    if kind.family is Family.APP:
        polls = [a.at for a in history.answers_of[app] if a.at > span.ended]
        again = min(polls, default=again)
        return again + (SETTLE if goes_down else 0)
    forgotten = rule.window_down if goes_down and kind.forgets else 0
    return again + forgotten


def called_again(history: History, span: Span) -> float:
    """Return when Heroku answered again after an outage."""
    after = (c.at for c in history.calls if c.at >= span.ended and c.was_answered)
    return min(after, default=history.ended)


def check_outages(history: History) -> Iterator[Violation]:
    """Yield the outages after which Heroku was not called soon."""
    for span in history.spans:
        kind = BY_NAME[span.kind]
        if kind.family is not Family.HEROKU or kind in HEROKU_LONG:
            continue
        waited = called_again(history, span) - span.ended
        most = span.ended - span.began + AFTER_OUTAGE
        others = [
            s
            for s in history.spans
            if s.covers(span.ended, after=most) and s is not span and not s.apps
        ]
        if waited > most and span.ended + most < history.ended and not others:
            yield Violation(
                "Heroku is called again soon after an outage",
                f"{waited:.1f} s after the end of {span.kind!r}, at most {most:.1f} s "
                "are allowed",
            )


def _pace(history: History, rule: Rule, section: _Section, now: int) -> float:
    """Return the seconds that the policy takes to get there."""
    wanted = settled(rule, section.process_type, section.count, now)
    step = rule.step_up if wanted > now else rule.step_down
    steps = -(-abs(wanted - now) // step) if step else 1
    window = 0.0
    if rule.window_down and wanted < now:
        window = rule.window_down * (1 + SLICE) + history.period
    busy = BUSY if rule.tells_busy and wanted < now else 0.0
    return window + busy + (steps - 1) * history.period


def _wanted(history: History, section: _Section, at: float) -> int:
    now = _dynos(history, section, at)
    return settled(_rule(section), section.process_type, section.count, now)


def _rule(section: _Section) -> Rule:
    return rule_of(number_of(section.app))


def _dynos(history: History, section: _Section, at: float) -> int:
    return dynos_at(history, section.app, at)[section.process_type]

"""Is it left alone what people have set, and is no other app meant?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.catalog import BY_NAME, Family
from chaos.check_journal import made
from chaos.dynos_at import dynos_at, just_before
from chaos.evidence import around
from chaos.history import Call, History
from chaos.rules import Rule, rule_of
from chaos.script import number_of
from chaos.violation import Violation

#: Seconds after a person's change in which one may be made that was decided before.
UNDER_WAY = 1.0


def check_people(history: History) -> Iterator[Violation]:
    """Yield changes of what a person has set and the policy protects."""
    for hand in history.by_hand:
        app = str(hand.app)
        rule = rule_of(number_of(app))
        before = dynos_at(history, app, just_before(hand.at))
        for call in history.patches_of[app]:
            for kind, quantity in call.updates.items():
                # What was so before cannot be told from what was left alone.
                changed = hand.updates.get(kind) != before[kind]
                if changed and _is_undone(history, hand, rule, call, kind):
                    yield Violation(
                        "what a person has set is left alone",
                        f"{app} {kind} was set to {hand.updates[kind]} by hand, and to "
                        f"{quantity} {call.at - hand.at:.1f} s later ({rule.name})",
                        around(history, app, call.at),
                    )


def _is_undone(history: History, hand: Call, rule: Rule, call: Call, kind: str) -> bool:
    at, quantity = call.at, call.updates[kind]
    if kind not in hand.updates or at < hand.at + UNDER_WAY:
        return False
    if rule.lease:
        return at < hand.at + rule.lease
    if hand.updates[kind] > 0 or quantity == 0:
        return False
    if rule.off:
        return at < _raised(history, hand, kind)
    return any(
        hand.app in span.apps and span.covers(at)
        for span in history.spans
        if BY_NAME[span.kind].is_maintenance
    )


def _raised(history: History, hand: Call, kind: str) -> float:
    """Return when a person has raised what was set to 0."""
    later = (
        other.at
        for other in history.by_hand
        if other.app == hand.app and other.at > hand.at and other.updates.get(kind)
    )
    return min(later, default=history.ended)


def check_others(history: History) -> Iterator[Violation]:
    """Yield changes of apps that are not registered."""
    for call in history.calls:
        if call.method == "PATCH" and call.app not in history.first_dynos:
            yield Violation("no other app is scaled", f"{call.path}: {call.updates}")


def check_busy(history: History) -> Iterator[Violation]:
    """Yield busy dynos that were removed, and others without being quiesced."""
    for app in history.first_dynos:
        if not rule_of(number_of(app)).tells_busy:
            continue
        for change in made(history, app):
            call, kind = change.call, change.process_type
            if change.is_by_hand or change.after >= change.before or call.applied_at:
                continue
            last = [a for a in history.answers_of[app] if a.at <= call.at][-1:]
            if not last or kind not in last[0].quiesced:
                what = "was not quiesced"
            elif last[0].busy.get(kind, 0) > change.after:
                what = f"has busy dynos up to {last[0].busy[kind]}"
            elif last[0].quiesced[kind] > change.after:
                what = f"was told to keep {last[0].quiesced[kind]}"
            else:
                continue
            yield Violation(
                "no busy dyno is removed",
                f"{app} {kind} {change.before} -> {change.after}: it {what}",
                around(history, app, call.at),
            )


def check_sicknesses(history: History) -> Iterator[Violation]:
    """Yield sicknesses of apps that no app showed while all else was well."""
    for kind in sorted({span.kind for span in history.spans}):
        if BY_NAME[kind].family is not Family.APP:
            continue
        seen = any(
            answer.kind == kind and not _is_hidden(history, answer.at)
            for answer in history.answers
        )
        if not seen:
            yield Violation("each sickness is seen where nothing hides it", kind)


def _is_hidden(history: History, at: float) -> bool:
    return any(
        span.covers(at)
        for span in history.spans
        if not span.apps and not BY_NAME[span.kind].harmless
    )

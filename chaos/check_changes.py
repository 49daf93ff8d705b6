"""Do a valid count and the app's policy explain each change?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from chaos.catalog import BY_NAME, CLOCK_AHEAD, Family
from chaos.dynos_at import dynos_at, just_before
from chaos.evidence import around
from chaos.explain import falls_back, highest_of_window, targets
from chaos.history import Answer, Call, History
from chaos.rules import Rule, rule_of
from chaos.script import number_of
from chaos.violation import Violation

#: Seconds after a fault for which the scaler may not remember what it read.
DAZE = 10.0


def check_changes(history: History) -> Iterator[Violation]:
    """Yield the requested or applied changes that no count explains."""
    for app, patches in history.patches_of.items():
        for call in patches:
            dynos = dynos_at(history, app, just_before(call.at))
            for process_type, quantity in call.updates.items():
                now = dynos.get(process_type, 0)
                if quantity != now:
                    yield from _check(history, call, process_type, now, quantity)
        dynos = dynos_at(history, app, history.ended)
        if dynos != history.last_dynos[app]:
            yield Violation(
                "dynos are changed by the scaler and by people alone",
                f"{app} has {dict(history.last_dynos[app])}, but the calls lead to "
                f"{dynos}",
                around(history, app, history.ended),
            )


def _check(
    history: History, call: Call, process_type: str, now: int, quantity: int
) -> Iterator[Violation]:
    app = str(call.app)
    rule = rule_of(number_of(app))
    answers = history.answers_of[app]
    seen = answers[: bisect_right(answers, call.at, key=lambda a: a.at)]
    count = seen[-1].counts.get(process_type) if seen else None
    if count is None:
        polls = [a.counts.get(process_type) for a in seen if a.begins_poll]
        if falls_back(rule, now, quantity, polls):
            return
        invariant = (
            "never scales down on an unknown count"
            if quantity < now
            else "scales only on a valid count"
        )
        what = "its count was unknown"
    else:
        if quantity in _allowed(history, call, process_type, now, seen):
            return
        invariant = "scales only as the policy allows"
        what = f"its count was {count}, its policy is {rule.name!r}"
    yield Violation(
        invariant,
        f"{app} {process_type} {now} -> {quantity} at {call.at - history.began:.3f} s: "
        f"{what}",
        around(history, app, call.at),
    )


def _allowed(
    history: History,
    call: Call,
    process_type: str,
    now: int,
    seen: Sequence[Answer],
) -> set[int]:
    """Return the quantities that the last count explains."""
    rule = rule_of(number_of(str(call.app)))
    allowed = targets(
        rule,
        process_type,
        now,
        seen[-1].counts[process_type] or 0,
        limits={
            span.limit
            for span in history.spans
            if span.limit is not None
            and call.app in span.apps
            and span.began <= call.at
        },
        in_window=lambda: _of_window(history, rule, call, process_type, seen),
    )
    # Busy dynos stay, and so do those that were not quiesced.
    said = (seen[-1].busy, seen[-1].quiesced)
    kept = min(now, max(one.get(process_type, 0) for one in said))
    return allowed | {max(target, kept) for target in allowed}


def _of_window(
    history: History,
    rule: Rule,
    call: Call,
    process_type: str,
    seen: Sequence[Answer],
) -> set[int]:
    """Return the recommendations that may be the highest of the window.

    A clock that jumps ahead makes any window shorter: then all of it may be over.
    """
    known = [
        (a.at, rule.recommended(count))
        for a in seen
        if (count := a.counts.get(process_type)) is not None
    ]
    app, jumped = str(call.app), _has_jumped(history, call.at)
    return highest_of_window(
        rule,
        known,
        call.at,
        history.period,
        is_sure=lambda at: not jumped and not _in_trouble(history, app, at),
    )


def _has_jumped(history: History, at: float) -> bool:
    return any(
        span.covers(at, after=DAZE) for span in history.spans_of(CLOCK_AHEAD.name)
    )


def _in_trouble(history: History, app: str, at: float) -> bool:
    return any(
        span.covers(at, after=DAZE)
        for span in history.spans
        if BY_NAME[span.kind].family is not Family.APP
        and (not span.apps or app in span.apps)
    )

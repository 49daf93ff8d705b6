"""Has every call of Heroku's API a reason that the README promises?

A change costs one PATCH. A read has to follow from one of the reasons in `_is_needed`;
each holds once, because it has to be newer than what the app last heard from Heroku.
Calls that fail have a budget for each fault: those in flight when it began, and a try
every few seconds for the whole account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from chaos.catalog import BY_NAME, CLOCK_AHEAD, CLOCK_BACK, SKEWED, Family
from chaos.check_bounds import PERIODS, SETTLE
from chaos.check_journal import Change, changes_of, made
from chaos.dynos_at import dynos_at, just_before
from chaos.evidence import around
from chaos.history import Call, History, Span
from chaos.rules import WEB, Rule, rule_of
from chaos.script import number_of
from chaos.violation import Violation

REASON = "every Heroku call has a reason"
#: Fewest seconds between two tries while Heroku does not answer.
BETWEEN_TRIES = 4.0
#: Failing calls for one refused app: a change, a read, and each process type alone.
OF_A_REFUSAL = 4
#: A formation is re-read after at least this part of FORMATION_TTL.
EARLIEST = 0.8
#: The clock jumps at some time within these, or differs between workers.
JUMPS = tuple(kind.name for kind in (CLOCK_AHEAD, CLOCK_BACK, *SKEWED))
#: For these seconds a change without an answer is looked for.
IN_DOUBT = 60.0
#: An app without one of its process types on Heroku is read again after these seconds.
LOOK_AGAIN = 30.0
#: Seconds between two calls of one evaluation, at most; those of the machine's load.
SAME_EVALUATION = 4.0
#: Seconds by which what the storm does and what the scaler does may be told wrongly.
SLACK = 1.0


@dataclass
class _Known:
    """What the scaler knows of an app when it makes a call.

    Attributes:
        heard: When Heroku last told the whole formation; None if never.
        failed: When a call last failed; None if none has since `heard`.
        unanswered: When a change last got no answer.
    """

    heard: float | None = None
    failed: float | None = None
    unanswered: float | None = None

    def note(self, call: Call) -> None:
        """Take in a call's outcome."""
        if call.was_answered:
            if call.fault != "partial" and not _describes(call):
                self.heard = call.at
            if call.method == "PATCH":
                self.failed = None
        else:
            self.failed = call.at
            if call.method == "PATCH":
                self.unanswered = call.at


def check_calls(history: History, concurrency: int) -> Iterator[Violation]:
    """Yield the calls without a reason, and faults that cost too many."""
    for app in history.first_dynos:
        for call, what in unexplained(history, app):
            yield Violation(
                REASON,
                f"{call.method} of {app} at {call.at - history.began:.3f} s: {what}",
                around(history, app, call.at),
            )
    for span in history.spans:
        tried, most = len(failing(history, span)), allowance(span, concurrency)
        if tried > most:
            yield Violation(
                "Heroku is left alone while it fails",
                f"{span.kind!r} at {span.began - history.began:.1f} s met {tried} "
                f"calls, at most {most} are allowed",
            )


def unexplained(history: History, app: str) -> Iterator[tuple[Call, str]]:
    """Yield the calls of an app that nothing explains, with what is wrong."""
    calls = history.calls_of[app]
    useful = {id(change.call) for change in changes_of(history, app)}
    unsure = {id(c.call) for c in made(history, app) if not c.is_certain}
    known = _Known()
    for place, call in enumerate(calls):
        if call.was_answered:
            if call.method == "PATCH":
                if id(call) not in useful | unsure:
                    yield call, "it changes nothing"
            elif _describes(call):
                if not _why_described(history, app, call, calls[place + 1 :]):
                    yield call, "a read of the app that no change needs"
            elif not _is_needed(history, app, call, calls[place + 1 :], known):
                yield call, "a read without a reason"
        known.note(call)


def _is_needed(
    history: History, app: str, call: Call, later: Sequence[Call], known: _Known
) -> bool:
    """Return whether a formation has to be read.

    In this order: it is the first read, or it is stale; the last call failed; a change
    has no answer yet; something made the scaler doubt or forget what it knew; jobs
    wait for a process type that the formation lacks; a change follows that a guard
    could concern.
    """
    if known.heard is None:
        return True
    age, at = call.at - known.heard, call.at
    doubted = at - IN_DOUBT - history.period - SAME_EVALUATION
    return (
        age >= EARLIEST * history.formation_ttl - SLACK
        or (known.failed or 0.0) >= known.heard
        or (known.unanswered or 0.0) > doubted
        or any(known.heard - SLACK <= edge <= at for edge in _edges(history, app))
        or any(span.covers(at) for span in history.spans_of(*JUMPS))
        or (age >= LOOK_AGAIN - SLACK and _lacks_one(history, app, known.heard, at))
        or (age >= history.period * 0.9 and _is_guarded(history, app, call, later))
    )


def _is_guarded(history: History, app: str, call: Call, later: Sequence[Call]) -> bool:
    """Return whether a read comes before a change that a guard could concern.

    What the fresh formation turns around is not carried out: then somebody else has
    changed it.
    """
    if any(c.took_effect_at <= call.at for c in history.by_hand if c.app == app):
        return True
    following = [c for c in later if c.at - call.at < SAME_EVALUATION][:2]
    asks = any(c.method == "PATCH" for c in following) or _may_fail(history, call.at)
    rule = rule_of(number_of(app))
    return asks and (has_guard(rule) or _was_unknown(history, app, call.at))


def _may_fail(history: History, at: float) -> bool:
    """Return whether something may keep a change from being made after its read."""
    return any(
        span.began - SAME_EVALUATION <= at <= span.ended + SLACK
        for span in history.spans
        if not span.apps and not BY_NAME[span.kind].harmless
    )


def has_guard(rule: Rule) -> bool:
    """Return whether another current quantity can lead to another change."""
    return bool(
        rule.step_up
        or rule.step_down
        or rule.window_down
        or rule.lease
        or rule.off
        or rule.tells_busy
        or WEB in rule.process_types
    )


def _was_unknown(history: History, app: str, at: float) -> bool:
    """Return whether a count is unknown, or has been known for a moment only."""
    known = SETTLE + PERIODS * history.period + SLACK
    return any(
        None in answer.counts.values() or not answer.counts
        for answer in history.answers_of[app]
        if at - known <= answer.at <= at
    )


def _edges(history: History, app: str) -> Iterator[float]:
    """Yield when the scaler may have come to doubt or forget what it knew of an app."""
    for span in history.spans:
        kind = BY_NAME[span.kind]
        if kind.forgets and (not span.apps or app in span.apps):
            yield span.began
            yield span.ended
        if kind.ends_processes:
            # What was being done may have been a change.
            yield span.began
            yield span.ended


def _lacks_one(history: History, app: str, since: float, at: float) -> bool:
    return any(
        app in span.apps and span.began <= at and span.ended + LOOK_AGAIN >= since
        for span in history.spans
        if BY_NAME[span.kind].hides_types
    )


def _why_described(
    history: History, app: str, call: Call, later: Sequence[Call]
) -> bool:
    """Return whether the app itself is asked for because of its maintenance mode.

    That decides where dynos are started that the scaler has not stopped, or knows not
    to have, and where some are added without a count.
    """
    following = [c for c in later if c.at - call.at < SAME_EVALUATION][:1]
    if _in_maintenance(history, app, call.at):
        return True
    if rule_of(number_of(app)).lease and any(
        hand.app == app and hand.at <= call.at for hand in history.by_hand
    ):
        return True  # whether the change was a deploy's
    if not following or following[0].method != "PATCH":
        return _may_fail(history, call.at)
    if _was_unknown(history, app, call.at):
        return True
    changes = made(history, app)
    patch = following[0]
    return any(
        now == 0 and _may_be_theirs(history, app, patch.at, kind, changes)
        for kind, now in dynos_at(history, app, just_before(patch.at)).items()
        if patch.updates.get(kind, 0) > 0
    )


def _may_be_theirs(
    history: History, app: str, at: float, kind: str, changes: Sequence[Change]
) -> bool:
    """Return whether the scaler may not know that it has stopped the dynos itself."""
    stops = [c for c in changes if c.process_type == kind and c.call.at < at]
    if not stops or stops[-1].is_by_hand or not stops[-1].call.was_answered:
        return True
    stopped = stops[-1].call.at
    return any(stopped - SLACK <= edge <= at for edge in _edges(history, app))


def _in_maintenance(history: History, app: str, at: float) -> bool:
    return any(
        app in span.apps and span.covers(at, after=SLACK)
        for span in history.spans
        if BY_NAME[span.kind].is_maintenance
    )


def _describes(call: Call) -> bool:
    return call.method == "GET" and not call.path.endswith("/formation")


def failing(history: History, span: Span) -> list[Call]:
    """Return the calls that a fault of Heroku's made fail."""
    if BY_NAME[span.kind].family not in {Family.HEROKU, Family.REFUSAL}:
        return []
    return [
        call
        for call in history.calls
        if span.covers(call.at)
        and not call.was_answered
        and (not span.apps or call.app in span.apps)
    ]


def allowance(span: Span, concurrency: int) -> int:
    """Return how many calls a fault may make fail."""
    if BY_NAME[span.kind].family is Family.REFUSAL:
        return OF_A_REFUSAL * len(span.apps)
    return concurrency + ceil((span.ended - span.began) / BETWEEN_TRIES)


def overhead(history: History) -> int:
    """Return the calls that changed nothing."""
    useful = {
        id(change.call)
        for app in history.first_dynos
        for change in changes_of(history, app)
    }
    return sum(id(call) not in useful for call in history.calls)

"""Is every app polled again soon after a fault, and never twice in a period?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from chaos.catalog import BEAT_STORM, BY_NAME, REDIS_BEHIND, REDIS_EMPTIED, Family
from chaos.evidence import answer_line, span_line
from chaos.history import Answer, History, Span
from chaos.violation import Violation

#: Periods after the end of a fault within which every healthy app is polled.
RESUME_PERIODS = 5
#: A tick may come this fraction of a period early.
EARLY = 0.25
#: A message may be a whole period late; then it expires.
LATE = 1.0
#: Without faults a poll is at most this fraction of a period later than its tick.
CALM_LATE = 0.25
#: Periods after polls have resumed until they are in step.
CALM_AFTER = 3
#: Most consecutive polls that are checked together.
LONGEST_ROW = 12
#: Seconds within which a request may be a retry of one that was cut off.
AT_ONCE = 0.5
#: What must work for any poll to happen.
STOPPING = frozenset({Family.PROCESS, Family.REDIS, Family.CLOCK})
#: Faults after which a client may retry once immediately.
DROPPED = frozenset({"app no answer", "app reset"})


def polls_of(history: History, app: str) -> list[Answer]:
    """Return the polls of an app, without redirected and retried requests."""
    polls: list[Answer] = []
    repeated = False
    for answer in history.answers_of[app]:
        if not answer.begins_poll:
            continue
        again = (
            bool(polls)
            and not repeated
            and polls[-1].kind in DROPPED
            and answer.at - polls[-1].at < AT_ONCE
        )
        repeated = again
        if not again:
            polls.append(answer)
    return polls


def check_resumption(history: History) -> Iterator[Violation]:
    """Yield the healthy apps that were not polled soon after a fault."""
    times = {a: [p.at for p in polls_of(history, a)] for a in history.first_dynos}
    for span in history.spans:
        if _is_outlasted(history, span):
            continue
        patience = history.stretched(span.ended, RESUME_PERIODS * history.period)
        for app, at in times.items():
            if _is_sick(history, app, span.ended, patience):
                continue
            waited = _until_next(at, span.ended)
            if waited > patience and span.ended + patience < history.ended:
                yield Violation(
                    f"polling resumes within {RESUME_PERIODS} periods",
                    f"{app} was polled {waited:.1f} s after the end of "
                    f"{span.kind!r}, at most {patience:.1f} s are allowed",
                    tuple(
                        span_line(history, s)
                        for s in history.spans
                        if s.covers(span.ended, after=patience)
                    ),
                )


def check_storms(history: History) -> Iterator[Violation]:
    """Yield the healthy apps that were not polled while beat was restarted.

    Each start of beat ticks at once, if a tick is due.
    """
    for span in history.spans_of(BEAT_STORM.name):
        patience = history.stretched(span.began, RESUME_PERIODS * history.period)
        for app in history.first_dynos:
            at = [p.at for p in polls_of(history, app) if span.covers(p.at)]
            longest = max(b - a for a, b in pairwise([span.began, *at, span.ended]))
            if longest > patience and not _is_sick(history, app, span.began, patience):
                yield Violation(
                    "restarts of beat keep nothing from being polled",
                    f"{app} was not polled for {longest:.1f} s of {span.kind!r}, at "
                    f"most {patience:.1f} s are allowed",
                )


def resumed_after(history: History, span: Span) -> float | None:
    """Return the seconds until all healthy apps had been polled again."""
    if span not in history.resumed:
        history.resumed[span] = _resumed_after(history, span)
    return history.resumed[span]


def _resumed_after(history: History, span: Span) -> float | None:
    waits = [
        _until_next([p.at for p in polls_of(history, app)], span.ended)
        for app in history.first_dynos
        if not _is_sick(history, app, span.ended, 0)
    ]
    return max(waits, default=None)


def _until_next(times: list[float], at: float) -> float:
    place = bisect_right(times, at)
    return times[place] - at if place < len(times) else float("inf")


def _is_outlasted(history: History, span: Span) -> bool:
    """Return whether another fault that stops polls lasts longer than this one."""
    return any(
        other.began <= span.ended < other.ended
        for other in history.spans
        if BY_NAME[other.kind].family in STOPPING
    )


def _is_sick(history: History, app: str, at: float, seconds: float) -> bool:
    """Return whether the app itself is sick at a time or soon after it."""
    return any(
        app in span.apps and span.began <= at + seconds and span.ended > at
        for span in history.spans
        if BY_NAME[span.kind].family is Family.APP
    )


def check_frequency(history: History) -> Iterator[Violation]:
    """Yield the apps that were polled more often than once in a period."""
    for app in history.first_dynos:
        polls = polls_of(history, app)
        for place, last in enumerate(polls):
            for first in polls[max(0, place - LONGEST_ROW) : max(0, place - 1)]:
                row = polls[polls.index(first) : place + 1]
                most = _most(history, first.at, last.at)
                if len(row) > most:
                    yield _too_often(history, app, row, f"at most {most} are allowed")
            if place > 1:
                yield from _check_pair(history, app, polls[place - 2 : place + 1])


def _check_pair(history: History, app: str, row: list[Answer]) -> Iterator[Violation]:
    """Yield two polls that are too close together although there was no fault.

    A poll that a busy machine delayed may be close to the next one, but is then far
    from the one before.
    """
    before, first, last = (answer.at for answer in row)
    least = (1 - EARLY - CALM_LATE) * history.period
    if (
        last - first < least
        and last - before < least + history.period
        and _is_calm(history, before, last)
    ):
        yield _too_often(
            history, app, row[1:], f"they must be at least {least:g} s apart"
        )


def _most(history: History, first: float, last: float) -> int:
    """Return how many polls are allowed between two times.

    If Redis forgot the last tick, one may come early.
    """
    forgotten = sum(
        span.kind in {REDIS_EMPTIED.name, REDIS_BEHIND.name}
        and first <= span.ended <= last
        for span in history.spans
    )
    length = last - first + (EARLY + LATE) * history.period
    return int(length // history.period) + 1 + forgotten


def _is_calm(history: History, first: float, last: float) -> bool:
    """Return whether polls have been in step again for some periods."""
    return not any(
        span.began <= last
        and span.ended + (resumed_after(history, span) or 0.0)
        >= first - CALM_AFTER * history.period
        for span in history.spans
    )


def _too_often(history: History, app: str, row: list[Answer], rule: str) -> Violation:
    length = row[-1].at - row[0].at
    return Violation(
        "no app is polled twice in a period",
        f"{app} was polled {len(row)} times within {length:.2f} s, {rule}",
        tuple(answer_line(history, answer) for answer in row),
    )

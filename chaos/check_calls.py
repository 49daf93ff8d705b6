"""Does the number of Heroku calls stay within its budget?

Calls that change dynos are free. All others have a budget:

- one read of each app at the start, and after each fault that makes the scaler
  forget or distrust what it knew;
- for each killed worker, the evaluations that it had in flight;
- for each fault of Heroku's API, the calls in flight when it began and one retry
  every few seconds, each counted twice: a call with an unknown outcome is followed
  by a read;
- a few for each app that Heroku refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from chaos.catalog import BY_NAME, WORKER_KILLED, Family
from chaos.check_journal import changes_of
from chaos.history import History, Span
from chaos.violation import Violation

#: Fewest seconds between two tries while Heroku does not answer.
BETWEEN_TRIES = 4.0
#: Calls for one refused app.
OF_A_REFUSAL = 4


def overhead(history: History) -> int:
    """Return the calls that changed nothing."""
    useful = {
        id(change.call)
        for app in history.first_dynos
        for change in changes_of(history, app)
    }
    return len(history.calls) - len(useful)


def budget(history: History, concurrency: int) -> int:
    """Return how many calls may change nothing."""
    apps = len(history.first_dynos)
    return apps + sum(_allowance(span, apps, concurrency) for span in history.spans)


def _allowance(span: Span, apps: int, concurrency: int) -> int:
    kind = BY_NAME[span.kind]
    calls = apps * kind.forgets
    if kind is WORKER_KILLED:
        calls += concurrency
    if kind.family is Family.HEROKU:
        tries = concurrency + ceil((span.ended - span.began) / BETWEEN_TRIES)
        calls += 2 * tries
    if kind.family is Family.REFUSAL:
        calls += OF_A_REFUSAL * len(span.apps)
    return calls


def check_calls(history: History, concurrency: int) -> Iterator[Violation]:
    """Yield a violation if too many calls changed nothing."""
    spent, most = overhead(history), budget(history, concurrency)
    if spent > most:
        yield Violation(
            "Heroku calls stay within their budget",
            f"{spent} calls changed nothing, the budget is {most}",
        )

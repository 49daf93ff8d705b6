"""Does the number of Heroku calls stay within its budget?

A call that changes dynos is what the scaler is for. All others have a budget:

- one reading of each app at the beginning, and after each fault that makes the
  scaler forget or doubt what it knew;
- for each kill of a worker, the evaluations that it had under way;
- for each fault of Heroku's API, the calls that were under way when it began, and
  one that tries every few seconds, each of them twice: a call whose outcome is not
  known is followed by a reading;
- for each app that is refused, a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from chaos.catalog import BY_NAME, WORKER_KILLED, Family
from chaos.check_journal import changes_of
from chaos.history import History, Span
from chaos.violation import Violation

#: Seconds between two tries while Heroku does not answer, at least.
BETWEEN_TRIES = 4.0
#: Calls for one app that is refused.
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
    """Yield a violation if more calls changed nothing than may."""
    spent, most = overhead(history), budget(history, concurrency)
    if spent > most:
        yield Violation(
            "Heroku calls stay within their budget",
            f"{spent} calls changed nothing, at most {most} may",
        )

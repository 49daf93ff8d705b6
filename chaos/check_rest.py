"""Did the system settle, did the fleet follow its script, did no process end?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.catalog import BY_NAME, Family
from chaos.evidence import answer_line, around
from chaos.history import History
from chaos.rules import rule_of, settled
from chaos.script import counts_at, number_of
from chaos.violation import Violation

#: Longest backoff after Heroku refuses an app, in seconds, with jitter.
LONGEST_WAIT = 15 * 60.0


def check_settled(history: History) -> Iterator[Violation]:
    """Yield the apps whose dynos do not match their final counts.

    An app that Heroku refused may still be backing off, which is documented and not
    a failure.
    """
    for app, dynos in history.last_dynos.items():
        if _was_refused(history, app):
            continue
        rule = rule_of(number_of(app))
        for process_type, count in _last_counts(history, app).items():
            wanted = settled(rule, process_type, count, dynos[process_type])
            if dynos[process_type] != wanted:
                yield Violation(
                    "dynos match their counts in the end",
                    f"{app} {process_type} has {dynos[process_type]} dynos; the count "
                    f"{count} needs {wanted} ({rule.name})",
                    around(history, app, history.ended),
                )


def is_settled(history: History, app: str) -> bool:
    """Return whether an app has the dynos that its last counts need."""
    return not any(f"{app} " in v.what for v in check_settled(history))


def _was_refused(history: History, app: str) -> bool:
    return any(
        app in span.apps and span.covers(history.ended, after=LONGEST_WAIT)
        for span in history.spans
        if BY_NAME[span.kind].family is Family.REFUSAL
    )


def _last_counts(history: History, app: str) -> dict[str, int]:
    number = number_of(app)
    types = rule_of(number).process_types
    seconds = history.frozen - history.began
    return dict(counts_at(history.seed, number, types, seconds))


def check_script(history: History) -> Iterator[Violation]:
    """Yield counts that the fleet reported and that differ from the script."""
    for answer in history.answers:
        number = number_of(answer.app)
        seconds = min(answer.at, history.frozen) - history.began
        script = counts_at(history.seed, number, rule_of(number).process_types, seconds)
        known = {k: v for k, v in answer.counts.items() if v is not None}
        if not known.items() <= script.items():
            yield Violation(
                "the fleet follows its script",
                f"{answer.app} reported {known} instead of {dict(script)}",
                (answer_line(history, answer),),
            )


def check_deaths(history: History) -> Iterator[Violation]:
    """Yield the processes that exited without being killed."""
    for death in history.deaths:
        yield Violation("no process exits by itself", death)

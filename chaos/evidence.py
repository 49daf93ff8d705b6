"""The part of a history that shows what happened to an app around a time."""

from __future__ import annotations

from chaos.history import Answer, Call, History, Span

#: How many answers and changes of an app are shown.
SHOWN = 6


def around(history: History, app: str, at: float) -> tuple[str, ...]:
    """Return an app's last answers and changes up to a time, and the faults then."""
    answers = [a for a in history.answers_of.get(app, ()) if a.at <= at][-SHOWN:]
    patches = [c for c in history.patches_of.get(app, ()) if c.at <= at][-SHOWN:]
    timed = [(a.at, answer_line(history, a)) for a in answers]
    timed += [(c.at, call_line(history, c)) for c in patches]
    faults = [span_line(history, s) for s in history.spans if s.covers(at, after=10)]
    return (*(line for _, line in sorted(timed)), *faults)


def second(history: History, at: float) -> str:
    """Return a time as seconds since the start of the run."""
    return f"{at - history.began:8.3f} s"


def answer_line(history: History, answer: Answer) -> str:
    """Describe an answer in one line."""
    counts = {k: "unknown" if v is None else v for k, v in answer.counts.items()}
    return f"  {second(history, answer.at)}  answer {answer.kind} {counts}"


def call_line(history: History, call: Call) -> str:
    """Describe a call of Heroku's API in one line."""
    how = f"{call.status or 'no answer'}" + (f" ({call.fault})" if call.fault else "")
    applied = "applied" if call.was_applied else "not applied"
    asked = f"{dict(call.updates)} {applied}" if call.method == "PATCH" else ""
    return f"  {second(history, call.at)}  {call.method} {call.app} {asked} {how}"


def span_line(history: History, span: Span) -> str:
    """Describe a fault in one line."""
    apps = f" of {', '.join(sorted(span.apps))}" if span.apps else ""
    return (
        f"  {second(history, span.began)}  fault {span.kind}{apps}, until "
        f"{second(history, span.ended).strip()}"
    )

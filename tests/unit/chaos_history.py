"""Hand-made histories: an uneventful run of one app, with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from chaos.history import HAND, Answer, Call, Event, History, Span
from chaos.rules import rule_of
from chaos.script import counts_at, name_of

SEED = 5
PERIOD = 2.0
BEGAN = 1_000.0
#: Polls of an uneventful run, one per period.
POLLS = 30
#: The apps of each rule, in the order of the rules.
BOUNDARY, ANY_COUNT, RANGE, STEPS, WINDOW, FALLBACK, WEB = range(7)
LEASE, OFF, BUSY = range(7, 10)


def at(seconds: float) -> float:
    """Return the time this many seconds after the start."""
    return BEGAN + seconds


def answered(
    app: int, seconds: float, kind: str = "healthy", **counts: int | None
) -> Answer:
    """Return an answer with the given counts, or those of the script."""
    types = rule_of(app).process_types
    script: Mapping[str, int | None] = counts_at(SEED, app, types, seconds)
    return Answer(at(seconds), name_of(app), kind, counts or script)


def unknown(app: int, seconds: float, kind: str = "app 500") -> Answer:
    """Return an answer that leaves all counts unknown."""
    types = rule_of(app).process_types
    return Answer(at(seconds), name_of(app), kind, dict.fromkeys(types))


def patched(
    app: int,
    seconds: float,
    status: int | None = 200,
    fault: str | None = None,
    **updates: int,
) -> Call:
    """Return a requested change."""
    return Call(at(seconds), "PATCH", name_of(app), status, fault, updates)


def read(app: int, seconds: float) -> Call:
    """Return a read of the formation."""
    path = f"/apps/{name_of(app)}/formation"
    return Call(at(seconds), "GET", name_of(app), 200, path=path)


def asked(app: int, seconds: float) -> Call:
    """Return a read of the app itself."""
    path = f"/apps/{name_of(app)}"
    return Call(at(seconds), "GET", name_of(app), 200, path=path)


def by_hand(app: int, seconds: float, **updates: int) -> Call:
    """Return a person's change."""
    return Call(at(seconds), HAND, name_of(app), 200, updates=updates)


_ids = count()


def scaled(
    app: int, process_type: str, before: int, after: int, seconds: float = 0
) -> Event:
    """Return an event of the journal."""
    event_id = str(next(_ids))
    name = name_of(app)
    return Event(at(seconds), name, process_type, before, after, event_id)


def fault(kind: str, began: float, ended: float, *apps: int, **more: Any) -> Span:
    """Return a past fault."""
    return Span(kind, at(began), at(ended), frozenset(map(name_of, apps)), **more)


def history(
    app: int = BOUNDARY,
    *,
    answers: Iterable[Answer] = (),
    calls: Iterable[Call] = (),
    events: Iterable[Event] | None = None,
    spans: Iterable[Span] = (),
    first: Mapping[str, int] | None = None,
    last: Mapping[str, int] | None = None,
    hands: Iterable[Call] = (),
) -> History:
    """Return the history of one app, with a matching journal and final formation."""
    name = name_of(app)
    dynos = dict(first or dict.fromkeys(rule_of(app).process_types, 1))
    calls, hands = tuple(calls), tuple(hands)
    now, written = dict(dynos), []
    for call in sorted((*calls, *hands), key=lambda call: call.took_effect_at):
        if call.was_applied:
            for kind, quantity in call.updates.items():
                if now[kind] != quantity and call.method != HAND:
                    written.append(scaled(app, kind, now[kind], quantity))
            now.update(call.updates)
    return History(
        seed=SEED,
        period=PERIOD,
        began=BEGAN,
        ended=at(POLLS * PERIOD + 1),
        frozen=at(POLLS * PERIOD),
        first_dynos={name: dynos},
        last_dynos={name: dict(last or now)},
        answers=tuple(answers),
        calls=calls,
        events=tuple(written if events is None else events),
        by_hand=hands,
        spans=tuple(spans),
        registry_before=("shop",),
        registry_after=("shop",),
    )


def polled(app: int, *without: int) -> list[Answer]:
    """Return a healthy answer for each period except some."""
    return [answered(app, PERIOD * n) for n in range(POLLS + 1) if n not in without]


def with_registry(run: History, *rows: str) -> History:
    """Return the history with another registry at the end."""
    return replace(run, registry_after=rows)

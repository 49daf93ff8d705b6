"""Track holds over time: which are new, which last, which have ended.

none --held--> counting (times 1, 2) --held again--> lasting (an event)
lasting --decided--> none (an event: resumed)
counting --decided--> none
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core.app_state import WHOLE_APP, Hold
from scalar.core.decision.spans import shown_span
from scalar.core.event import Event, EventKind
from scalar.core.reason import Cause, Reason

#: A hold is recorded as an event after this many evaluations in a row.
LASTING = 3


def track_holds(
    app: str, before: Mapping[str, Hold], held: Mapping[str, Cause], at: datetime
) -> tuple[dict[str, Hold], list[Event]]:
    """Return the holds of this evaluation, and the events to record.

    Args:
        app: The app's name, for the events.
        before: The holds after the previous evaluation.
        held: Why each process type, or `WHOLE_APP`, is held now. While the whole
            app is held nothing is known about its process types, so their holds
            stay as they were.
        at: The time of this evaluation.
    """
    holds = dict(before) if WHOLE_APP in held else {}
    events: list[Event] = []
    for name, cause in held.items():
        hold = _lengthened(before.get(name), cause, at)
        if hold.times >= LASTING and not hold.recorded:
            hold = replace(hold, recorded=True)
            events.append(_event(app, name, EventKind.HELD, hold, at))
        holds[name] = hold
    events += [
        _event(app, name, EventKind.RESUMED, hold, at)
        for name, hold in before.items()
        if name not in holds and hold.recorded
    ]
    return holds, events


def _lengthened(hold: Hold | None, cause: Cause, at: datetime) -> Hold:
    if hold is None:
        return Hold(cause.reason, since=at, detail=cause.detail)
    return replace(hold, reason=cause.reason, detail=cause.detail, times=hold.times + 1)


def _event(app: str, name: str, kind: EventKind, hold: Hold, at: datetime) -> Event:
    ended = kind is EventKind.RESUMED
    polls = "1 poll" if hold.times == 1 else f"{hold.times} polls"
    return Event(
        at=at,
        app=app,
        process_type=name or None,
        kind=kind,
        reason=Reason.RESUMED if ended else hold.reason,
        detail=(
            f"was held for {shown_span(at - hold.since)}, {polls}: {hold.reason}"
            if ended
            else hold.detail
        ),
    )

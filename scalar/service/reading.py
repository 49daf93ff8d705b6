"""Gather the facts of an evaluation: the app's counts, its formation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from scalar.decision import decide_all
from scalar.errors import CountsError, PlatformError
from scalar.model import (
    Event,
    EventKind,
    Formation,
    Memory,
    Reading,
    Reason,
    Step,
    Unknown,
)
from scalar.ports import RegisteredApp, Urgency
from scalar.service.evaluation import Evaluation
from scalar.service.heroku_calls import note_failure, why_not_call
from scalar.service.parts import Parts

#: Seconds after which an app's answer counts as slow.
SLOW_AFTER = 1.0


def gather(
    parts: Parts, app: RegisteredApp, memory: Memory, *, read_anew: bool = False
) -> Evaluation:
    """Read the counts and, where it has to be, the formation; decide.

    Args:
        parts: The ports.
        app: The app to evaluate.
        memory: What is remembered of it.
        read_anew: Read the formation even if it is remembered.
    """
    started = parts.clock.now()
    try:
        readings = parts.counts.read(app.url)
    except CountsError as exc:
        memory = replace(memory, slow=True)
        return Evaluation(memory, hold=Step(0, exc.reason, str(exc)))
    now = parts.clock.now()
    slow = (now - started).total_seconds() > SLOW_AFTER
    seen = Evaluation(replace(memory, slow=slow))
    if read_anew or _is_stale(parts, app, memory, now):
        seen = _read_formation(parts, app, seen, _urgency(memory, readings))
    return seen if seen.hold else _decide(parts, seen, readings)


def _decide(
    parts: Parts, seen: Evaluation, readings: Mapping[str, Reading]
) -> Evaluation:
    memory = seen.memory
    formation = memory.formation or {}
    decisions = decide_all(
        parts.options.policy_of, readings, formation, memory.limits, memory.reported
    )
    reported = memory.reported | (readings.keys() & formation.keys())
    return replace(seen, decisions=decisions, memory=replace(memory, reported=reported))


def _is_stale(parts: Parts, app: RegisteredApp, memory: Memory, now: datetime) -> bool:
    """Return whether the formation has to be read again.

    Apps differ by up to a fifth of the time, so that a fleet that was read at
    once is not read at once for ever.
    """
    if memory.formation is None or memory.read_at is None:
        return True
    spread = 0.8 + 0.2 * (app.id * 0.618034 % 1)
    age = (now - memory.read_at).total_seconds()
    return not 0 <= age < parts.options.formation_ttl * spread


def _urgency(memory: Memory, readings: Mapping[str, Reading]) -> Urgency:
    """Return how urgent a read is: a first one may be in a scale-up's way."""
    waiting = any(
        count > 0 for count in readings.values() if not isinstance(count, Unknown)
    )
    return Urgency.SCALE_UP if memory.formation is None and waiting else Urgency.READ


def _read_formation(
    parts: Parts, app: RegisteredApp, seen: Evaluation, urgency: Urgency
) -> Evaluation:
    """Read the formation, or keep the remembered one while calls are low.

    A remembered formation is good enough to find that nothing changes; before
    anything does change, Heroku has to be callable anyway.
    """
    now = parts.clock.now()
    memory = seen.memory
    if why := why_not_call(parts, memory, urgency, now):
        usable = memory.formation is not None and memory.refusal is None
        return seen if usable else seen.held(why)
    try:
        formation = parts.platform.formation(app.name)
    except PlatformError as exc:
        memory, why = note_failure(parts, memory, exc, now)
        return replace(seen, memory=memory, hold=why)
    events = (
        *_made_after_all(memory, formation),
        *_changed_elsewhere(app, memory, formation, now),
    )
    memory = replace(
        memory,
        formation=formation,
        read_at=now,
        limits={},
        refusal=None,
        unconfirmed=(),
    )
    return replace(seen, memory=memory, events=events)


def _made_after_all(memory: Memory, formation: Formation) -> list[Event]:
    """Return the changes that Heroku made, though its answer was lost."""
    return [
        event
        for event in memory.unconfirmed
        if (row := formation.get(event.process_type or "")) is not None
        and row.quantity == event.to_quantity
    ]


def _changed_elsewhere(
    app: RegisteredApp, memory: Memory, formation: Formation, at: datetime
) -> list[Event]:
    """Return an event for each quantity that somebody else has changed."""
    before = memory.formation or {}
    return [
        Event(
            at=at,
            app=app.name,
            process_type=name,
            kind=EventKind.CHANGED_ELSEWHERE,
            reason=Reason.CHANGED_ELSEWHERE,
            from_quantity=before[name].quantity,
            to_quantity=row.quantity,
            detail="not by this program",
        )
        for name, row in formation.items()
        if name in before and before[name].quantity != row.quantity
    ]


def age_of(memory: Memory, now: datetime) -> timedelta | None:
    """Return how old the remembered formation is; None if there is none."""
    return None if memory.read_at is None else now - memory.read_at

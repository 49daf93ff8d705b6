"""Read what Heroku knows of an app: its formation, its last release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import Memory
from scalar.core.decision.formation_changes import (
    foreign_changes,
    note_by_hand,
    note_scaled,
)
from scalar.core.errors import PlatformError
from scalar.core.event import Event
from scalar.core.formation import Formation
from scalar.core.reading import Reading, Unknown
from scalar.ports.account import Urgency
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.platform_calls import note_failure, why_not_call
from scalar.service.parts import Parts

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def is_stale(parts: Parts, app: RegisteredApp, memory: Memory, now: datetime) -> bool:
    """Return whether the formation has to be read again.

    Apps differ by up to a fifth of the time, so that a fleet that was read at
    once is not read at once for ever.
    """
    if memory.formation is None or memory.read_at is None:
        return True
    spread = 0.8 + 0.2 * (app.id * 0.618034 % 1)
    age = (now - memory.read_at).total_seconds()
    return not 0 <= age < parts.options.formation_ttl * spread


def urgency(memory: Memory, readings: Mapping[str, Reading]) -> Urgency:
    """Return how urgent a read is: a first one may be in a scale-up's way."""
    waiting = any(
        reading.count > 0
        for reading in readings.values()
        if not isinstance(reading.count, Unknown)
    )
    return Urgency.SCALE_UP if memory.read_at is None and waiting else Urgency.READ


def read_formation(
    parts: Parts,
    app: RegisteredApp,
    seen: Evaluation,
    urgency: Urgency,
    *,
    must: bool = False,
) -> Evaluation:
    """Read the formation, or keep the remembered one while calls are low.

    A remembered formation is good enough to find that nothing changes; before
    anything does change, Heroku has to be callable anyway.

    Args:
        parts: The ports.
        app: Whose formation it is.
        seen: What is known so far.
        urgency: What the call is for.
        must: Hold the app rather than keep a remembered formation, which is not
            old: what Heroku allows is still remembered.
    """
    now = parts.clock.now()
    memory = seen.memory
    if why := why_not_call(parts, app, memory, urgency, now):
        usable = memory.read_at is not None and memory.refusal is None
        return seen if usable and not must else seen.held(why)
    try:
        formation = parts.platform.formation(app.name, app.heroku_key)
    except PlatformError as exc:
        memory, why = note_failure(parts, app, memory, exc, now)
        return replace(seen, memory=memory, hold=why)
    made = _made_after_all(memory, formation)
    ours = {event.process_type or "" for event in made}
    foreign = foreign_changes(app, memory.formation or {}, formation, now, ours=ours)
    events = (*seen.events, *made, *foreign)
    memory = replace(
        note_scaled(note_by_hand(memory, foreign), made),
        formation=formation,
        read_at=now,
        limits=memory.limits if must else {},
        refusal=None,
        unconfirmed=(),
    )
    return replace(seen, memory=memory, events=events, formation_is_fresh=True)


def read_release(parts: Parts, app: RegisteredApp, seen: Evaluation) -> Evaluation:
    """Ask Heroku when the app was last released; hold it if that is not known.

    An app that was never released counts as released long ago. What was known
    before is not good enough: there may have been a release since.
    """
    now = parts.clock.now()
    memory = replace(seen.memory, released_at=None)
    if why := why_not_call(parts, app, memory, Urgency.SCALE_DOWN, now):
        return replace(seen, memory=memory, hold=why)
    try:
        on_heroku = parts.platform.app(app.name, app.heroku_key)
    except PlatformError as exc:
        memory, why = note_failure(parts, app, memory, exc, now)
        return replace(seen, memory=memory, hold=why)
    released_at = on_heroku.released_at or LONG_AGO
    return replace(seen, memory=replace(memory, released_at=released_at))


def _made_after_all(memory: Memory, formation: Formation) -> list[Event]:
    """Return the changes that Heroku made, though its answer was lost."""
    return [
        event
        for event in memory.unconfirmed
        if (row := formation.get(event.process_type or "")) is not None
        and row.quantity == event.to_quantity
    ]

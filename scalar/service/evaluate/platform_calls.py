"""Calls to an app's platform: whether one may be made, and what a failure means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from scalar.core.app import RegisteredApp
from scalar.core.app_state import Memory, Refusal
from scalar.core.decision.decision import Decision
from scalar.core.decision.formation_changes import (
    foreign_changes,
    note_by_hand,
    note_scaled,
)
from scalar.core.errors import CallDenied, PlatformError
from scalar.core.event import Event
from scalar.core.formation import Formation
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause
from scalar.ports.platform import Platform, Urgency
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation

#: Seconds until an app is tried again after its first refusal; doubled with each
#: further one (exponential backoff), up to the most.
FIRST_WAIT = 60
MOST_WAIT = 900
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotDone:
    """A call that was not made, or failed.

    Attributes:
        cause: Why.
        memory: What to remember: a refusal of this app makes it back off.
        error: How the call failed; None if it was not made.
    """

    cause: Cause
    memory: Memory
    error: PlatformError | None = None


def attempt(
    ctx: AppContext, memory: Memory, call: Callable[[Platform], T]
) -> T | NotDone:
    """Make a call to the app's platform, unless a refusal is still in force.

    The platform reports a failure of the whole account to all workers; one that
    concerns this app alone makes the app back off.
    """
    refusal = _standing_refusal(memory, ctx.app)
    now = ctx.now()
    if refusal and timedelta(0) < refusal.until - now <= timedelta(seconds=MOST_WAIT):
        return NotDone(refusal.cause, memory)
    try:
        return call(ctx.platform)
    except CallDenied as exc:
        return NotDone(exc.cause, memory)
    except PlatformError as exc:
        cause = Cause(exc.reason, str(exc))
        if not exc.whole_account:
            memory = _refused(ctx, memory, refusal, cause)
        return NotDone(cause, memory, exc)


def _standing_refusal(memory: Memory, app: RegisteredApp) -> Refusal | None:
    """Return the refusal, unless somebody has changed the app's row since."""
    refusal = memory.refusal
    return refusal if refusal and refusal.revision == app.revision else None


def _refused(
    ctx: AppContext, memory: Memory, before: Refusal | None, cause: Cause
) -> Memory:
    times = before.times + 1 if before else 1
    wait = min(FIRST_WAIT * 2 ** min(times - 1, 10), MOST_WAIT)
    until = ctx.now() + timedelta(seconds=wait)
    return replace(
        memory, refusal=Refusal(cause, until, times, revision=ctx.app.revision)
    )


def is_stale(ctx: AppContext, memory: Memory) -> bool:
    """Return whether the formation has to be read again.

    The time is staggered by up to a fifth of FORMATION_TTL, so that apps that were
    read together do not stay in step.
    """
    if memory.formation is None or memory.read_at is None:
        return True
    spread = 0.8 + 0.2 * (ctx.app.id * 0.618034 % 1)
    age = (ctx.now() - memory.read_at).total_seconds()
    return not 0 <= age < ctx.parts.options.formation_ttl * spread


def urgency_of_read(memory: Memory, readings: Mapping[str, Reading]) -> Urgency:
    """Return SCALE_UP if jobs wait for an unknown or doubtful formation, else READ."""
    waiting = any(
        reading.count > 0
        for reading in readings.values()
        if not isinstance(reading.count, Unknown)
    )
    return Urgency.SCALE_UP if memory.read_at is None and waiting else Urgency.READ


def urgency_of(changes: Iterable[Decision]) -> Urgency:
    """Return how urgent a call for these changes is."""
    ups = any(decision.is_up for decision in changes)
    return Urgency.SCALE_UP if ups else Urgency.SCALE_DOWN


def read_formation(
    ctx: AppContext, seen: Evaluation, urgency: Urgency, *, must: bool = False
) -> Evaluation:
    """Read the formation, or keep the remembered one while calls are low.

    A remembered formation is good enough to find that nothing changes; before
    anything does change, the platform has to be callable anyway.

    Args:
        ctx: The app.
        seen: What is known so far.
        urgency: What the call is for.
        must: Hold the app instead of using the remembered formation. Learned limits
            are kept then.
    """
    memory = seen.memory
    formation = attempt(ctx, memory, lambda platform: platform.formation(urgency))
    if isinstance(formation, NotDone):
        usable = memory.read_at is not None and memory.refusal is None
        if formation.error is None and usable and not must:
            return seen
        return replace(seen, memory=formation.memory, hold=formation.cause)
    now = ctx.now()
    made = _confirmed(memory, formation)
    ours = {event.process_type or "" for event in made}
    foreign = foreign_changes(
        ctx.app, memory.formation or {}, formation, now, ours=ours
    )
    memory = replace(
        note_scaled(note_by_hand(memory, foreign, formation), made),
        formation=formation,
        read_at=now,
        limits=memory.limits if must else {},
        refusal=None,
        unconfirmed=(),
    )
    events = (*seen.events, *made, *foreign)
    return replace(seen, memory=memory, events=events, formation_is_fresh=True)


def read_release(ctx: AppContext, seen: Evaluation) -> Evaluation:
    """Ask when the app was last released; hold the app if that is unknown.

    An app that was never released counts as released long ago. What was known
    before is not good enough: there may have been a release since.
    """
    memory = replace(seen.memory, released_at=None)
    urgency = Urgency.SCALE_DOWN
    found = attempt(ctx, memory, lambda platform: platform.describe(urgency))
    if isinstance(found, NotDone):
        return replace(seen, memory=found.memory, hold=found.cause)
    released_at = found.released_at or LONG_AGO
    return replace(seen, memory=replace(memory, released_at=released_at))


def _confirmed(memory: Memory, formation: Formation) -> list[Event]:
    """Return the changes that were made after all, though the answer was lost."""
    return [
        event
        for event in memory.unconfirmed
        if (row := formation.get(event.process_type or "")) is not None
        and row.quantity == event.to_quantity
    ]

"""Calls to an app's platform: whether one may be made, and what a failure means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeGuard, TypeVar

from scalar.core.app import RegisteredApp
from scalar.core.app_state import Memory, Refusal
from scalar.core.decision.decision import Decision
from scalar.core.decision.formation_changes import note_formation
from scalar.core.errors import CallDenied, PlatformError
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause
from scalar.ports.platform import Platform, Urgency
from scalar.service.evaluate.context import AppContext
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.recall import recorded_changes

#: Seconds until an app is tried again after its first refusal; doubled with each
#: further one (exponential backoff), up to the most.
FIRST_WAIT = 60
MOST_WAIT = 900
#: Seconds after which a formation that an answer contradicts is read again.
LOOK_AGAIN = 30.0
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
    refusal = memory.refusal
    if stands(refusal, ctx.app, ctx.now()):
        return NotDone(refusal.cause, memory)
    try:
        return call(ctx.platform)
    except CallDenied as exc:
        return NotDone(exc.cause, memory)
    except PlatformError as exc:
        cause = Cause(exc.reason, str(exc))
        if not exc.whole_account:
            memory = replace(memory, refusal=refuse(ctx, refusal, cause))
        return NotDone(cause, memory, exc)


def stands(
    refusal: Refusal | None, app: RegisteredApp, now: datetime
) -> TypeGuard[Refusal]:
    """Return whether a refusal is in force.

    It is not once somebody has changed the app's row.
    """
    if refusal is None or refusal.revision != app.revision:
        return False
    return timedelta(0) < refusal.until - now <= timedelta(seconds=MOST_WAIT)


def refuse(ctx: AppContext, before: Refusal | None, cause: Cause) -> Refusal:
    """Return the refusal to remember; it lasts longer with each one in a row."""
    if before is not None and before.revision != ctx.app.revision:
        before = None
    times = before.times + 1 if before else 1
    wait = min(FIRST_WAIT * 2 ** min(times - 1, 10), MOST_WAIT)
    until = ctx.now() + timedelta(seconds=wait)
    return Refusal(cause, until, times, revision=ctx.app.revision)


def is_stale(ctx: AppContext, memory: Memory, readings: Mapping[str, Reading]) -> bool:
    """Return whether the formation has to be read again.

    The time is staggered by up to a fifth of FORMATION_TTL, so that apps that were
    read together do not stay in step. It is short while a change may still be carried
    out late, or while the app's answer contradicts what is remembered.
    """
    if memory.formation is None or memory.read_at is None:
        return True
    if memory.waits_for_outcome(ctx.now()):
        return True
    spread = 0.8 + 0.2 * (ctx.app.id * 0.618034 % 1)
    longest = ctx.parts.options.formation_ttl * spread
    if any(contradicts(memory, *item) for item in readings.items()):
        longest = min(longest, LOOK_AGAIN)
    return not 0 <= _age(ctx, memory) < longest


def contradicts(memory: Memory, name: str, said: Reading) -> bool:
    """Return whether a reading proves that the remembered formation is old.

    Jobs wait for a process type that it lacks, or a dyno is busy that it lacks. Dynos
    without numbers can only be counted.
    """
    row = (memory.formation or {}).get(name)
    if row is None:
        return not isinstance(said.count, Unknown) and said.count > 0
    busy = said.busy if isinstance(said.busy, frozenset) else frozenset()
    numbers = (dyno for dyno in busy if isinstance(dyno, int))
    return max(numbers, default=len(busy)) > row.quantity


def is_heard(ctx: AppContext, memory: Memory) -> bool:
    """Return whether the formation is fresh enough to carry out any change.

    It is if it was read within the last period and nothing casts doubt on it.
    """
    if memory.read_at is None or memory.doubtful or memory.unconfirmed:
        return False
    return 0 <= _age(ctx, memory) < ctx.parts.options.sleep_period


def _age(ctx: AppContext, memory: Memory) -> float:
    """Return the seconds since the formation was read; -1 if it never was."""
    if memory.read_at is None:
        return -1.0
    return (ctx.now() - memory.read_at).total_seconds()


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
    recorded = recorded_changes(ctx, now) if memory.doubtful else ()
    memory, events = note_formation(memory, ctx.app.name, formation, now, recorded)
    memory = replace(
        memory,
        read_at=now,
        limits=memory.limits if must else {},
        refusal=None,
    )
    events = (*seen.events, *events)
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

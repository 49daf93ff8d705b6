"""The apps that fail: what is held, since when, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scalar.core.app import AppKey
from scalar.core.app_state import WHOLE_APP, Hold, Memory
from scalar.core.reading import Count
from scalar.core.reason import Reason
from scalar.service.paging import all_keys
from scalar.service.parts import Parts
from scalar.service.unless_changed import readable

#: Holds that are as they should be: somebody has ordered it, or Heroku does it.
AS_ORDERED = frozenset({Reason.MAINTENANCE, Reason.RELEASE_PHASE})
#: In place of a reason, for an app whose secrets fit no key.
UNREADABLE = "secret_unreadable"


@dataclass(frozen=True, slots=True)
class Failing:
    """A process type that fails, or a whole app without any that is known.

    Attributes:
        app: The app's name.
        process_type: The process type; empty for a whole app.
        dynos: Its dynos, as last known.
        count: Its last count; None if that was unknown.
        reason: Why it is not scaled.
        since: Since when (aware, UTC); None if that is not known.
        times: Evaluations held in a row.
        detail: Details, for people.
    """

    app: str
    process_type: str
    dynos: int | None
    count: Count | None
    reason: str
    since: datetime | None
    times: int
    detail: str


def failing(parts: Parts) -> tuple[datetime, list[Failing]]:
    """Return the time, and what fails, the longest first.

    Raises:
        CoordinationError: Redis is away, so no state is known.
        RegistryError: The database is away.
    """
    keys = list(all_keys(parts.registry))
    memories = parts.states.recall([key.id for key in keys])
    found = [one for key in keys for one in _of_app(parts, key, memories.get(key.id))]
    now = parts.clock.now()
    found.sort(key=lambda one: (one.since or now, one.app, one.process_type))
    return now, found


def _of_app(parts: Parts, key: AppKey, memory: Memory | None) -> Iterator[Failing]:
    if readable(parts, key.name) is None:
        what = "its secrets fit no key of SCALAR_SECRET_KEY"
        yield Failing(key.name, "", None, None, UNREADABLE, None, 0, what)
        return
    if memory is None:
        return
    if (whole := memory.holds.get(WHOLE_APP)) is not None:
        if whole.reason not in AS_ORDERED:
            named = memory.reported & (memory.formation or {}).keys()
            for process_type in sorted(named) or [WHOLE_APP]:
                yield _failing(key.name, process_type, memory, whole)
        return
    for process_type, hold in sorted(memory.holds.items()):
        if hold.reason not in AS_ORDERED:
            yield _failing(key.name, process_type, memory, hold)


def _failing(app: str, process_type: str, memory: Memory, hold: Hold) -> Failing:
    row = (memory.formation or {}).get(process_type)
    return Failing(
        app,
        process_type,
        row.quantity if row else None,
        memory.counts.get(process_type),
        hold.reason.value,
        hold.since,
        hold.times,
        hold.detail,
    )

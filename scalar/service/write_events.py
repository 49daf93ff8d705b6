"""Bring events into the journal: at least once, and shown once.

An evaluation ends with its events in the outbox, tries to write them at once, after
those that wait before them, and takes out what the journal has. What is left there,
because the database was away or the worker died, is written by the next tick.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from scalar.core import logfmt
from scalar.core.app_state import Memory
from scalar.core.errors import CoordinationError, RegistryError
from scalar.core.event import Event
from scalar.core.health import Outcome
from scalar.core.repeated import ends, repeats
from scalar.ports.coordination import Lease
from scalar.ports.outbox import Backlog
from scalar.service.parts import Parts

log = logging.getLogger("scalar.journal")

#: Most waiting events that one evaluation writes, and one tick.
MOST_AT_ONCE = 200
MOST_PER_TICK = 1_000


def finish(
    parts: Parts,
    lease: Lease,
    memory: Memory | None,
    events: Sequence[Event],
    outcome: Outcome,
) -> None:
    """End an evaluation, and write its events.

    If Redis is away, the journal may take them all the same.

    Raises:
        CoordinationError: Redis is away.
    """
    backlog: Backlog | None = None
    try:
        backlog = parts.states.finish(lease, memory, events, outcome)
    finally:
        if events and (backlog is None or backlog.waiting <= len(events)):
            _write(parts, events)
    if events and backlog.waiting > len(events):
        try:
            write_waiting(parts, MOST_AT_ONCE)
        except CoordinationError:
            _write(parts, events)  # Redis may come back empty
            raise
    if backlog.dropped:
        facts = {"dropped": backlog.dropped, "waiting": backlog.waiting}
        log.error(logfmt.line("outbox.full", **facts), extra=repeats("outbox"))


def write_waiting(parts: Parts, most: int = MOST_PER_TICK) -> None:
    """Write the events that wait, the oldest first.

    Raises:
        CoordinationError: Redis is away.
    """
    events = parts.outbox.waiting(most)
    if events and _write(parts, events):
        log.info(logfmt.line("journal.written", events=len(events)))


def _write(parts: Parts, events: Sequence[Event]) -> bool:
    """Write events and take them out of the outbox; return whether they are written."""
    try:
        parts.journal.record(events)
    except RegistryError as exc:
        line = logfmt.line("journal.unavailable", waiting=len(events), detail=exc)
        log.error(line, extra=repeats("journal"))  # noqa: TRY400 - expected, and the detail says it
        return False
    try:
        parts.outbox.remove(events)
    except CoordinationError as exc:  # writing them again changes nothing
        log.debug(logfmt.line("outbox.unavailable", detail=exc))
    log.info(logfmt.line("journal.available"), extra=ends("journal"))
    return True

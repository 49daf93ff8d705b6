"""Find out whether a mapped queue exists, and which others have jobs.

Nothing tells a queue without jobs from one with a misspelled name, but that somebody
knows it: the app's settings, a binding or a list in Redis, a worker that reads it, or
an agent that saw it in use.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Any, Optional

from scalar_agent.celery_notes import QUEUE, Notes
from scalar_agent.celery_server import as_text
from scalar_agent.log import log

#: Seconds after which the names in Redis are read again.
FRESH = 60.0
#: Most rounds of SCAN, and keys in each.
ROUNDS, KEYS = 20, 1000
#: Seconds after which it is noted again that a queue was in use.
NOTE_EVERY = 86_400.0


class QueueNames:
    """The queues that somebody knows."""

    def __init__(self, app: Any, mapped: Iterable[str]) -> None:
        self._app = app
        self._mapped = frozenset(mapped)
        self._seen: set[str] = set()
        self._in_redis: set[str] = set()
        self._with_jobs: dict[str, int] = {}
        self._read_at = float("-inf")
        self._warned: set[str] = set()

    def check(
        self, broker: Any, notes: Notes, in_use: Collection[str], read: Collection[str]
    ) -> dict[str, str]:
        """Return why each mapped queue that nobody knows is unknown.

        Only if another queue is in use that is not mapped: else no job is missed,
        and Redis may have lost the names of queues that are asleep.

        Args:
            broker: The broker.
            notes: What agents have noted; changed as needed.
            in_use: Mapped queues that have jobs.
            read: Queues that workers read.
        """
        self._seen |= {*in_use, *read} & self._mapped
        for name in self._seen:
            notes.write(QUEUE, name, every=NOTE_EVERY)
        seen = {*self._seen, *notes.names(QUEUE), *self._of_app()}
        is_old = time.monotonic() - self._read_at > FRESH
        if is_old or not self._mapped <= seen | self._in_redis:
            self._read_at = time.monotonic()
            self._read(broker)
        unknown = self._mapped - seen - self._in_redis
        if not {*self._with_jobs, *read} - self._mapped:
            return {}
        there = ", ".join(sorted({*self._in_redis, *read, *self._of_app()})[:10])
        return {
            name: f"nobody knows a queue {name!r}; there are {there}"
            for name in unknown
        }

    @property
    def unmapped(self) -> dict[str, int]:
        """The queues with jobs that no process type is mapped to, and their jobs."""
        return dict(self._with_jobs)

    def _of_app(self) -> set[str]:
        """Return the queues that the app's settings name."""
        names = set(self._app.amqp.queues)
        names.update(getattr(self._app.amqp.queues, "aliases", {}))
        routes = self._app.conf.task_routes
        found = [routes] if isinstance(routes, dict) else list(routes or ())
        for routing in found:
            if isinstance(routing, dict):
                targets = (_queue_of(target) for target in routing.values())
                names.update(name for name in targets if name)
        return names

    def _read(self, broker: Any) -> None:
        self._in_redis = broker.queue_names(ROUNDS, KEYS)
        others = (self._in_redis | set(self._app.amqp.queues)) - self._mapped
        self._with_jobs = {
            name: number
            for name, number in broker.lengths(sorted(others)).items()
            if number
        }
        new = self._with_jobs.keys() - self._warned
        self._warned |= new
        for name in sorted(new):
            log.warning(
                "queue %r has %d jobs, and no process type is mapped to it",
                name,
                self._with_jobs[name],
            )


def _queue_of(target: Any) -> Optional[str]:
    name = target.get("queue") if isinstance(target, dict) else target
    name = getattr(name, "name", name)
    return as_text(name) if isinstance(name, (str, bytes)) else None

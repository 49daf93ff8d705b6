"""Add up what the broker and the workers say of the jobs that workers hold.

A message that two workers have got, after its visibility timeout or because it was
sent to all of them, is two jobs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable

from scalar_agent.celery_answers import Held
from scalar_agent.celery_found import Job, Key, Look, Times
from scalar_agent.celery_routes import Routes
from scalar_agent.celery_unacked import Unacked

Queues = frozenset[str]


@dataclass
class Unacknowledged:
    """The broker's unacknowledged messages at one moment.

    Attributes:
        tags: Those whose messages are known.
        due: How many are due, by the queues that they belong to.
        etas: Queues and ETAs of those that are not.
        expired: Those that a worker will throw away unless it runs them.
    """

    tags: set[bytes] = field(default_factory=set)
    due: Counter[Queues] = field(default_factory=Counter)
    etas: list[tuple[Queues, float]] = field(default_factory=list)
    expired: dict[bytes, Queues] = field(default_factory=dict)

    def count(self, queues: Queues) -> int:
        """Return how many due ones belong to some of these queues."""
        return sum(n for at, n in self.due.items() if not queues.isdisjoint(at))


def unacknowledged(
    known: Unacked, first: Look, last: Look, routes: Routes, now: float
) -> Unacknowledged:
    """Return the messages that are held in the later look, or only in the first."""
    now_held = set(last.tags)
    tags = [*last.tags, *(tag for tag in first.tags if tag not in now_held)]
    held = Unacknowledged(known.known(tags))
    for (exchange, key), number in known.plain(tags).items():
        held.due[routes.queues(exchange, key)] += number
    for tag, (exchange, key), times, _ in known.messages(tags, only_special=True):
        queues = routes.queues(exchange, key)
        if not times.is_due(now):
            held.etas.append((queues, times.eta or now))
        elif times.has_expired(now):
            held.expired[tag] = queues
        else:
            held.due[queues] += 1
    return held


def running(
    tasks: Iterable[Held],
    waiting: dict[Key, Job],
    held: Unacknowledged,
    routes: Routes,
    *,
    is_due: Callable[[Held], bool],
    ids: Callable[[], set[str]],
) -> list[Queues]:
    """Return the queues of each job that only the workers know.

    Args:
        tasks: What the workers hold.
        waiting: Jobs that waited when the broker was read.
        held: Messages that it knows to be held.
        routes: Where messages go.
        is_due: Whether a task that does not run needs a worker.
        ids: The ids of the held messages, for workers that tell no tags.
    """
    found: list[Queues] = []
    by_tag = {tag: job for (_, tag), job in waiting.items()}
    waiting_ids = {id_ for id_, _ in waiting}
    seen: defaultdict[str, int] = defaultdict(int)
    told: set[tuple[str, str, str]] = set()
    for task in tasks:
        # A worker that begins to shut down may answer twice.
        is_told = (task.worker, task.tag, task.id) in told
        told.add((task.worker, task.tag, task.id))
        if is_told or not (task.is_active or is_due(task)):
            continue
        if not task.tag:
            is_known = task.id in waiting_ids or (
                not task.is_acknowledged and task.id in ids()
            )
        else:
            is_known = _is_known(task, by_tag.get(task.tag), held, seen[task.tag])
            seen[task.tag] += 1
        if not is_known:
            found.append(routes.queues(task.exchange, task.routing_key))
    return found


def _is_known(
    task: Held, waiting: Job | None, held: Unacknowledged, earlier: int
) -> bool:
    """Return whether a task is a message that was counted.

    Args:
        task: The task.
        waiting: The message that waited.
        held: Those that are held.
        earlier: How many workers hold the same one.
    """
    tag = task.tag.encode()
    if tag in held.expired:
        return not task.is_active
    if tag in held.tags:
        return earlier == 0
    if waiting is None:
        return False
    # Given back after its visibility timeout, and still run by this worker.
    is_another = waiting.is_redelivered and not task.is_redelivered
    return earlier == 0 and not is_another


def earliest(times: Iterable[Times]) -> float | None:
    """Return since when the oldest of some jobs waits; None if a stamp is missing."""
    found = [one.since for one in times]
    if None in found:
        return None
    return min((since for since in found if since is not None), default=None)

"""An app's jobs, as found in its broker or with its workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

#: A job's id and its message's delivery tag: a retry has the same id.
Key = tuple[str, str]


class Times(NamedTuple):
    """The times of a job, in seconds since 1970; None if it has none.

    Attributes:
        eta: Its earliest start.
        expires: When workers begin to throw it away.
        sent_at: When it was sent; None also if it has no stamp.
    """

    eta: Optional[float] = None
    expires: Optional[float] = None
    sent_at: Optional[float] = None

    def is_due(self, now: float) -> bool:
        """Return whether it may start."""
        return self.eta is None or self.eta <= now

    def has_expired(self, now: float) -> bool:
        """Return whether a worker would throw it away instead of starting it."""
        return self.expires is not None and self.expires < now

    @property
    def since(self) -> Optional[float]:
        """Since when it has been ready to start; None if unknown."""
        times = [time for time in (self.eta, self.sent_at) if time is not None]
        return max(times, default=None)


NO_TIMES = Times()


@dataclass(frozen=True)
class Job:
    """One job's message.

    Attributes:
        key: Identifies it.
        queues: The queues that it belongs to.
        is_redelivered: It was given out before, and was given back.
    """

    key: Key
    queues: frozenset[str]
    times: Times = NO_TIMES
    is_redelivered: bool = False

    def is_due(self, now: float) -> bool:
        """Return whether it may start, and will be."""
        return self.times.is_due(now) and not self.times.has_expired(now)


@dataclass
class Look:
    """What the broker holds at one moment.

    Attributes:
        at: When this was, by the broker's clock.
        ready: Queue and priority -> the oldest jobs, the oldest first.
        lengths: How many messages wait, by queue.
        behind: How many due jobs are behind those, by queue.
        behind_etas: Queues and ETAs of those that are not due.
        tags: Delivery tags of unacknowledged messages.
        unacked: Jobs that workers hold.
        unread: Number of messages that were not read, by queue.
        unread_unacked: The same for unacknowledged ones, whose queues are unknown.
        listed: Workers that have joined remote control and have not left it;
            a killed one never leaves.
        notes: What agents and workers have noted in the broker.
    """

    at: float = 0.0
    ready: dict[tuple[str, int], list[Job]] = field(default_factory=dict)
    lengths: Counter[str] = field(default_factory=Counter)
    behind: Counter[str] = field(default_factory=Counter)
    behind_etas: list[tuple[str, float]] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)
    unacked: list[Job] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    unread_unacked: int = 0
    listed: int = 0
    notes: dict[str, str] = field(default_factory=dict)

    def waiting(self) -> Iterator[Job]:
        """Yield the oldest jobs that wait."""
        for jobs in self.ready.values():
            yield from jobs


def all_due(jobs: Iterable[Job], now: float) -> dict[Key, Job]:
    """Return the jobs that are due, each once."""
    return {job.key: job for job in jobs if job.is_due(now)}

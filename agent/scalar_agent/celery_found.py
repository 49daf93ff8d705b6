"""An app's jobs, as found in its broker or with its workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from scalar_agent.celery_stamp import SENT_AT

#: A job's id and its message's delivery tag: a retry has the same id.
Key = tuple[str, str]


@dataclass(frozen=True)
class Job:
    """One job's message.

    Attributes:
        key: Identifies it.
        queues: The queues that it belongs to.
        eta: Earliest start in seconds since 1970; None if it may start at once.
        sent_at: Seconds since 1970; None if it has no stamp.
    """

    key: Key
    queues: frozenset[str]
    eta: Optional[float] = None
    sent_at: Optional[float] = None

    def is_due(self, now: float) -> bool:
        """Return whether it may start."""
        return self.eta is None or self.eta <= now

    @property
    def since(self) -> Optional[float]:
        """Since when it has been ready to start; None if unknown."""
        times = [time for time in (self.eta, self.sent_at) if time is not None]
        return max(times, default=None)


@dataclass
class Look:
    """What the broker holds at one moment.

    Attributes:
        ready: Queue and priority -> jobs, the oldest first.
        unacked: Jobs that workers hold.
        unread: Number of messages that were not inspected, by queue.
        unread_unacked: The same for unacknowledged ones, whose queues are unknown.
        listed: Workers that have joined remote control and have not left it;
            a killed one never leaves.
    """

    ready: dict[tuple[str, int], list[Job]] = field(default_factory=dict)
    unacked: list[Job] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    unread_unacked: int = 0
    listed: int = 0

    def jobs(self) -> Iterator[Job]:
        """Yield every inspected job."""
        for jobs in self.ready.values():
            yield from jobs
        yield from self.unacked


def read_job(
    message: Any,
    queues: frozenset[str],
    place: str,
    read_eta: Callable[[str], float],
) -> Job:
    """Return the job of a message; a message that is not a task has no ETA.

    Args:
        message: The message as Kombu writes it, decoded.
        queues: The queues that it belongs to.
        place: Identifies a message that is not a task.
        read_eta: Text of an ETA -> seconds since 1970; may raise ValueError.
    """
    try:
        headers = message["headers"]
        key = (str(headers["id"]), str(message["properties"]["delivery_tag"]))
    except (KeyError, TypeError):
        return Job(("", place), queues)
    return Job(key, queues, *read_times(headers, read_eta))


def read_times(
    headers: Mapping[str, Any], read_eta: Callable[[str], float]
) -> tuple[Optional[float], Optional[float]]:
    """Return the ETA and the time of sending; None if missing or malformed."""
    eta: Optional[float] = None
    sent_at: Optional[float] = None
    try:
        if headers.get("eta"):
            eta = read_eta(headers["eta"])
    except (AttributeError, TypeError, ValueError):
        pass  # A worker has to deal with it, so it is due.
    try:
        if headers.get(SENT_AT) is not None:
            sent_at = float(headers[SENT_AT])
    except (TypeError, ValueError):
        pass
    return eta, sent_at


def all_due(jobs: Iterable[Job], now: float) -> dict[Key, Job]:
    """Return the jobs that are due, each once."""
    return {job.key: job for job in jobs if job.is_due(now)}

"""What is known of the work of one process type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional, Protocol, runtime_checkable


@dataclass(frozen=True)
class Work:
    """What is known of the work of one process type.

    A part that is not known is None, and `unknown` has its name with the reason.
    A part that nobody asked for is None too, and `unknown` does not name it.

    Attributes:
        count: Jobs that need a worker now: ready and due, or with a worker.
        at_least: Where the count is not known: the jobs that are known of.
        latency: Seconds since the oldest job that is ready and due could have
            been started; 0 if none is.
        busy_dynos: Names of the dynos of this process type that run a job now,
            such as "worker.2"; None also if it was not asked for.
        next_eta: Seconds until the next job with an ETA or a start time in the
            future is due; None also if there is none.
        stranded: Jobs that are with a worker that is no more, while no other
            is there who would take them. They are part of the count.
        unknown: Name of a part to why it is not known.
    """

    count: Optional[int]
    at_least: int = 0
    latency: Optional[float] = None
    busy_dynos: Optional[tuple[str, ...]] = None
    next_eta: Optional[float] = None
    stranded: Optional[int] = 0
    unknown: Mapping[str, str] = field(default_factory=dict)


class Jobs(Protocol):
    """Where jobs are measured: Celery's broker, or RQ's Redis."""

    def measure(self) -> Mapping[str, Work]:
        """Return the work of each process type.

        What cannot be known is said to be unknown; no error of the broker or of
        the network gets out. May be called by several threads.
        """
        ...


@runtime_checkable
class JobsThatCanWait(Jobs, Protocol):
    """Jobs whose workers can be told to take no more for a while."""

    def measure_before_removal(self, keep: Mapping[str, int]) -> Mapping[str, Work]:
        """Return the work, once the dynos to be removed take no more jobs.

        Args:
            keep: Process type to the dynos that will be kept of it.
        """
        ...


#: Process type to the names of the queues that its workers read.
QueuesByProcess = Mapping[str, "list[str] | tuple[str, ...]"]

"""The work of one process type, as far as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional, Protocol, runtime_checkable


@dataclass(frozen=True)
class Work:
    """The work of one process type, as far as it is known.

    An unknown part is None, and `unknown` gives the reason. A part that was not
    requested is None too, but `unknown` does not name it.

    Attributes:
        count: Jobs that need a worker now: ready and due, or with a worker.
        at_least: The jobs found so far, if the count is unknown.
        latency: Seconds that the oldest job that is ready and due has waited;
            0 if there is none.
        busy_dynos: Names of the dynos of this process type that run a job now,
            such as "worker.2"; None also if not requested.
        next_eta: Seconds until the next job with an ETA or a start time in the
            future is due. None if there is none; `unknown` names it if it is not
            known.
        stranded: Jobs held by a dead worker while no live one is left to take
            them. They are part of the count.
        unknown: Name of a part -> why it is unknown.
    """

    count: Optional[int]
    at_least: int = 0
    latency: Optional[float] = None
    busy_dynos: Optional[tuple[str, ...]] = None
    next_eta: Optional[float] = None
    stranded: Optional[int] = 0
    unknown: Mapping[str, str] = field(default_factory=dict)


class Jobs(Protocol):
    """Measures jobs, in Celery's broker or in RQ's Redis."""

    def measure(self) -> Mapping[str, Work]:
        """Return the work of each process type.

        Reports as unknown what it cannot find out; raises no error of the broker
        or the network. Thread-safe.
        """
        ...


@runtime_checkable
class QuiescableJobs(Jobs, Protocol):
    """Jobs whose workers can be quiesced: made to take no new jobs for a while."""

    def measure_before_removal(self, keep: Mapping[str, int]) -> Mapping[str, Work]:
        """Quiesce the workers on the dynos to be removed, then return the work.

        Args:
            keep: Process type -> number of dynos to keep.
        """
        ...


#: Process type -> names of the queues that its workers read.
QueuesByProcess = Mapping[str, "list[str] | tuple[str, ...]"]

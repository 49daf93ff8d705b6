"""Load that comes and goes: jobs for both queues, in waves."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import scalar_agent.celery  # noqa: F401 - notes in each job when it was sent
from celery import Celery

from demo.shop import QUEUES

#: Process type -> the task of `examples/jobs.py` that its dynos run.
TASKS = {"worker": "jobs.work", "mailer": "jobs.send_mail"}
#: Short, so that a dyno that stops has finished its jobs at once.
JOB_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that come at once.

    Attributes:
        after: Seconds since the wave began.
        process_type: Whose dynos run them.
        jobs: How many.
    """

    after: float
    process_type: str
    jobs: int


#: With 5 counts per dyno: `worker` climbs to 4 or 5 dynos, `mailer` to 2 or 3.
WAVE: Sequence[Batch] = (
    Batch(0, "worker", 4),
    Batch(2, "worker", 8),
    Batch(3, "mailer", 4),
    Batch(4, "worker", 10),
    Batch(5, "mailer", 8),
    Batch(6, "worker", 14),
    Batch(7, "mailer", 5),
    Batch(8, "worker", 6),
)
#: Seconds from the beginning of a wave until all its dynos are gone, and some.
WAVE_SECONDS = 18
#: Seconds from the beginning of a wave to that of the next, at least.
APART = 20.0


class Waves:
    """When which batch of jobs is due.

    A wave begins when its time has come and the one before it is over, so that
    jobs do not pile up on a machine that is slow.

    Attributes:
        begun: How many waves have begun.
    """

    def __init__(self, seconds: int | None) -> None:
        """Plan the waves of a demo of so many seconds; None for no end."""
        self._seconds = seconds
        self._apart = APART
        if seconds is not None:
            self._apart = seconds / max(1, seconds // APART)
        self._left: deque[Batch] = deque()
        self._start = 0.0
        self.begun = 0

    def due(self, elapsed: float, *, quiet: bool) -> list[Batch]:
        """Return the batches to put in now.

        Args:
            elapsed: Seconds since the demo began.
            quiet: Whether no job is waiting or running, and no dyno is left.
        """
        if not self._left and quiet and self._may_begin(elapsed):
            self._left.extend(WAVE)
            self._start = elapsed
            self.begun += 1
        due = []
        while self._left and self._start + self._left[0].after <= elapsed:
            due.append(self._left.popleft())
        return due

    def _may_begin(self, elapsed: float) -> bool:
        """Return whether it is time for a wave, and time enough."""
        in_time = self._seconds is None or elapsed + WAVE_SECONDS <= self._seconds
        return in_time and elapsed >= self.begun * self._apart


class Customers:
    """Puts jobs on the app's queues, as any program of the app would."""

    def __init__(self, broker_url: str) -> None:
        self._celery: Any = Celery("customers", broker=broker_url, set_as_current=False)
        self._celery.conf.update(
            task_ignore_result=True,
            broker_transport_options={"socket_connect_timeout": 3, "socket_timeout": 3},
        )

    def enqueue(self, batch: Batch) -> None:
        """Put the jobs of a batch on the queue of its process type."""
        for _ in range(batch.jobs):
            self._celery.send_task(
                TASKS[batch.process_type],
                kwargs={"seconds": JOB_SECONDS},
                queue=QUEUES[batch.process_type],
                retry=False,
            )

    def close(self) -> None:
        """Give up the connection to the broker."""
        self._celery.close()

"""One run: send the jobs on schedule, until no job and no dyno is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from benchmarks.killed_jobs.load import Job
from benchmarks.killed_jobs.stage import WORKER, Stage

#: Seconds between two reads of Heroku's dynos.
EVERY = 0.1
#: Seconds after the last job before the run may end.
SETTLED = 5.0
#: Seconds after the last job when a run ends in any case.
LONGEST = 300.0

Tell = Callable[[str], None]


def run(stage: Stage, jobs: Sequence[Job], tell: Tell) -> None:
    """Send the jobs on schedule; return when everything is done.

    Args:
        stage: The parts; the scaler is running.
        jobs: In order of time.
        tell: Prints a line of progress now and then.

    Raises:
        PartFailed: A dyno has exited.
    """
    left = deque(jobs)
    begin = reported = time.monotonic()
    end = max((job.at for job in jobs), default=0.0)
    while True:
        now = time.monotonic()
        while left and left[0].at <= now - begin:
            stage.send(left.popleft())
        stage.follow()
        idle = not left and not stage.platform.running(WORKER)
        if idle and now - begin > end + SETTLED:
            return
        if now - begin > end + LONGEST:
            return
        if now - reported > 15:
            reported = now
            tell(
                f"{now - begin:4.0f} s: {len(jobs) - len(left)} jobs sent, "
                f"{stage.platform.running(WORKER)} dynos"
            )
        time.sleep(EVERY)

"""One run: put the jobs in as time goes by, until no job and no dyno is left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from benchmarks.killed_jobs.load import Job
from benchmarks.killed_jobs.stage import WORKER, Stage

#: Seconds between two looks at Heroku.
EVERY = 0.1
#: Seconds after the last job within which no end is believed.
SETTLED = 5.0
#: Seconds after the last job after which a run ends, whatever is left.
LONGEST = 300.0

Tell = Callable[[str], None]


def run(stage: Stage, jobs: Sequence[Job], tell: Tell) -> None:
    """Send the jobs in their time; return when all is over.

    Args:
        stage: The parts; the scaler is at work.
        jobs: In the order of time.
        tell: Gets a line for the person who waits, now and then.

    Raises:
        PartFailed: A dyno has ended by itself.
    """
    left = deque(jobs)
    begin = told = time.monotonic()
    end = max((job.at for job in jobs), default=0.0)
    while True:
        now = time.monotonic()
        while left and left[0].at <= now - begin:
            stage.send(left.popleft())
        stage.follow()
        quiet = not left and not stage.platform.running(WORKER)
        if quiet and now - begin > end + SETTLED:
            return
        if now - begin > end + LONGEST:
            return
        if now - told > 15:
            told = now
            tell(
                f"{now - begin:4.0f} s: {len(jobs) - len(left)} jobs sent, "
                f"{stage.platform.running(WORKER)} dynos"
            )
        time.sleep(EVERY)

"""The Celery app: jobs that take some time and record how they end.

By default it uses Celery's defaults: a job is acknowledged when it starts.
"""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery
from scalar_agent.celery import CeleryJobs

from benchmarks.killed_jobs.facts import of_this_dyno

QUEUE = "jobs"
TASK = "job"
#: Process type -> the queues that its workers read.
QUEUES = {"worker": [QUEUE]}
#: The variable is `yes` if jobs are acknowledged late.
LATE = "KILLED_JOBS_LATE"
#: The variable is `yes` if the app reports its busy dynos.
BUSY = "KILLED_JOBS_BUSY"

_late = os.environ.get(LATE) == "yes"
app: Any = Celery("jobs", broker=os.environ.get("REDIS_URL", "redis://localhost:6379"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_default_queue=QUEUE,
    task_ignore_result=True,
    # Any app with long jobs sets this, or prefetched jobs wait behind long ones.
    worker_prefetch_multiplier=1,
    task_acks_late=_late,
    task_reject_on_worker_lost=_late,
)
if _late:
    # With REMAP_SIGTERM=SIGQUIT: of the 30 s that Heroku gives a dyno to stop.
    app.conf.worker_soft_shutdown_timeout = 20


#: Served by `web.py`. It is created here so that workers import the agent, too.
counts = CeleryJobs(app, QUEUES, busy_dynos=os.environ.get(BUSY) == "yes")


@app.task(name=TASK)  # type: ignore[untyped-decorator] # Celery has no types
def job(number: int, seconds: float) -> None:
    """Run for some seconds."""
    facts, dyno, life = of_this_dyno()
    facts.note("began", dyno=dyno, life=life, job=number)
    try:
        time.sleep(seconds)
    except BaseException as exc:
        facts.note("cut", dyno=dyno, life=life, job=number, text=type(exc).__name__)
        raise
    facts.note("ended", dyno=dyno, life=life, job=number)

"""A small Celery app with two queues, one for each process type.

Start a worker for each process type of the Procfile:

    worker: celery -A jobs worker --queues default --hostname $DYNO@%h
    mailer: celery -A jobs worker --queues mail --hostname $DYNO@%h

Settings:
    REDIS_URL: The broker; `rediss://` is encrypted, as on Heroku.
    EXAMPLE_KEY_PREFIX: Prefix of every key, so that apps can share a Redis.
    EXAMPLE_BUSY_DYNOS: `no` to report counts alone.
"""

from __future__ import annotations

import os
import ssl
import time

from celery import Celery
from scalar_agent.celery import CeleryJobs

#: Process type -> the queues that its workers read.
QUEUES = {"worker": ["default"], "mailer": ["mail"]}

#: Seconds after which the jobs of a killed worker are redelivered. Longer than the
#: longest job or ETA, or a job would run twice; no longer than needed, because a
#: killed worker's jobs wait until then.
VISIBILITY_TIMEOUT = 600
LONGEST_JOB = 300

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

app = Celery("jobs", broker=REDIS_URL)
app.conf.update(
    # Heroku's certificates are self-signed.
    broker_use_ssl=(
        {"ssl_cert_reqs": ssl.CERT_NONE} if REDIS_URL.startswith("rediss://") else None
    ),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "global_keyprefix": os.environ.get("EXAMPLE_KEY_PREFIX", ""),
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "socket_connect_timeout": 5,
        "socket_timeout": 10,
        "socket_keepalive": True,
    },
    # A job stays in Redis until it is done, so it can be counted while it runs
    # and survives its dyno. Jobs must tolerate being run again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # A worker does not prefetch jobs that a new dyno could run.
    worker_prefetch_multiplier=1,
    # With REMAP_SIGTERM=SIGQUIT: of the 30 s that Heroku gives a dyno to stop.
    worker_soft_shutdown_timeout=20,
    task_default_queue="default",
    task_routes={"jobs.send_mail": {"queue": "mail"}},
    task_ignore_result=True,
)

#: Served by the web examples. It is created here, next to the app, so that every
#: process that sends or runs jobs imports the agent.
reports_busy_dynos = os.environ.get("EXAMPLE_BUSY_DYNOS") != "no"
counts = CeleryJobs(app, QUEUES, busy_dynos=reports_busy_dynos)


@app.task(name="jobs.work")
def work(seconds: float = 1) -> None:
    """Work for some seconds."""
    time.sleep(min(seconds, LONGEST_JOB))


@app.task(name="jobs.send_mail")
def send_mail(seconds: float = 1) -> None:
    """Pretend to send a mail for some seconds."""
    time.sleep(min(seconds, LONGEST_JOB))

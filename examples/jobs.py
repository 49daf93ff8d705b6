"""A small Celery app with two queues, one for each process type.

Start a worker for each process type of the Procfile:

    worker: celery -A jobs worker --queues default --hostname $DYNO@%h
    mailer: celery -A jobs worker --queues mail --hostname $DYNO@%h

Settings:
    REDIS_URL: The broker; `rediss://` is encrypted, as on Heroku.
    EXAMPLE_KEY_PREFIX: Goes before every key, so that apps can share a Redis.
"""

from __future__ import annotations

import os
import ssl
import time

from celery import Celery
from scalar_agent.celery import CeleryJobs

#: Process type -> the queues that its workers read.
QUEUES = {"worker": ["default"], "mailer": ["mail"]}

#: Seconds after which the jobs of a killed worker are given to another. Longer
#: than the longest job or ETA, or a job would run twice; no longer than needed,
#: because until then nobody does the jobs of the dead.
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
    # and outlives its dyno. Jobs must bear to be run again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # No worker hoards jobs that a new dyno could do.
    worker_prefetch_multiplier=1,
    # With REMAP_SIGTERM=SIGQUIT: of the 30 s that Heroku gives a dyno to stop.
    worker_soft_shutdown_timeout=20,
    task_default_queue="default",
    task_routes={"jobs.send_mail": {"queue": "mail"}},
    task_ignore_result=True,
)

#: What the web examples serve. It stands here, where the app is made, so that
#: every process that sends jobs or runs them has imported the agent.
counts = CeleryJobs(app, QUEUES, busy_dynos=True)


@app.task(name="jobs.work")
def work(seconds: float = 1) -> None:
    """Work for so many seconds."""
    time.sleep(min(seconds, LONGEST_JOB))


@app.task(name="jobs.send_mail")
def send_mail(seconds: float = 1) -> None:
    """Take so many seconds to send a mail to nobody."""
    time.sleep(min(seconds, LONGEST_JOB))

"""What this project adds to Celery, or replaces in it.

This module is the face of the package; the files behind it are private.

    install                   the Redis transport, and the option `--with-beat`
    uptime_now, LONG_AGO      the clock of the beat schedule (`celeryconfig.py`)
    TASK_POOL, SCHEDULER      the settings `worker_pool` and `beat_scheduler`
    LONGEST_PAUSE             seconds between connections to a Redis that refuses
    InThreadRequest           the `Request` of the evaluation task
    CeleryPublisher           the port `Publisher`
    SLOW, SlowLane            the header of slow apps' messages, and their threads
"""

from __future__ import annotations

from celery import Celery

from scalar.worker import _beat_thread, _transport
from scalar.worker._beat_clock import LONG_AGO, uptime_now
from scalar.worker._publisher import SLOW, CeleryPublisher
from scalar.worker._request import InThreadRequest
from scalar.worker._slow_lane import SlowLane
from scalar.worker._transport import LONGEST_PAUSE

__all__ = [
    "LONGEST_PAUSE",
    "LONG_AGO",
    "SCHEDULER",
    "SLOW",
    "TASK_POOL",
    "CeleryPublisher",
    "InThreadRequest",
    "SlowLane",
    "install",
    "uptime_now",
]

#: Imported by name, in workers alone.
TASK_POOL = "scalar.worker._pool:TaskPool"
#: Imported by name, in beat alone.
SCHEDULER = "scalar.worker._beat_scheduler:OneLineScheduler"


def install(app: Celery) -> None:
    """Set up the transport of all apps, and this app's `celery worker --with-beat`."""
    _transport.register()
    _beat_thread.install(app)

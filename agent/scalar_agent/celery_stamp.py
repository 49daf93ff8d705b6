"""Stamp each Celery message with the time when it was sent.

Celery does not do that itself, and without it the age of the oldest message is
unknown. A process stamps the tasks that it sends once it has imported this module.
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any

from celery.signals import before_task_publish

#: The header with the time of sending, in seconds since 1970.
SENT_AT = "scalar_agent_sent_at"


def stamp(headers: MutableMapping[str, Any] | None = None, **_: Any) -> None:
    """Write the time of sending into a message's headers.

    A retry carries the headers of the previous message, so an old stamp is
    overwritten. If the task has a later ETA, its latency starts there.
    """
    if headers is not None:
        headers[SENT_AT] = time.time()


before_task_publish.connect(stamp, weak=False, dispatch_uid="scalar_agent.stamp")

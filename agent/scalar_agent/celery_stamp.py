"""Write into each Celery message when it was sent.

Celery does not do that itself, and without it nobody can tell for how long the
oldest message has waited. A process that sends tasks stamps them as soon as it
has imported this module.
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any

from celery.signals import before_task_publish

#: The header with the time of sending, in seconds since 1970.
SENT_AT = "scalar_agent_sent_at"


def stamp(headers: MutableMapping[str, Any] | None = None, **_: Any) -> None:
    """Note the time of sending.

    A retried task comes with the headers of its last message. It is sent now,
    so its old stamp is overwritten; if it has an ETA, that counts in any case.
    """
    if headers is not None:
        headers[SENT_AT] = time.time()


before_task_publish.connect(stamp, weak=False, dispatch_uid="scalar_agent.stamp")

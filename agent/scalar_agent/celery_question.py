"""Publish a remote control request to an app's workers, as Celery does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Optional

from kombu import Producer


def publish(
    app: Any,
    channel: Any,
    question: Mapping[str, Any],
    timeout: float,
    serializer: Optional[str] = None,
) -> None:
    """Send a request to all workers that listen.

    Args:
        app: The Celery app.
        channel: A channel of a connection to its broker.
        question: At least the `method`; `ticket` and `reply_to` to get answers.
        timeout: Seconds after which it expires; 0 for never.
        serializer: How to write it; by default as the app writes its tasks.
    """
    mailbox = app.control.mailbox
    with Producer(channel, auto_declare=False) as producer:
        producer.publish(
            {
                "arguments": {},
                "destination": None,
                "pattern": None,
                "matcher": None,
                **question,
            },
            exchange=mailbox.exchange.name,
            declare=[mailbox.exchange],
            headers={
                "clock": mailbox.clock.forward(),
                "expires": time.time() + timeout if timeout else 0,
            },
            serializer=serializer or mailbox.serializer,
        )

"""Keep a worker alive whatever lies in its queues.

Celery ends the process when a message makes its own code fail: a body that is
no list, an envelope that is no JSON. Here such a message is refused, told of in
one line, and the next one is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.worker import consumer
from kombu.transport import TRANSPORT_ALIASES, redis

from scalar import logfmt

#: How reading what is no message goes wrong.
NO_MESSAGE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)

log = logging.getLogger("scalar.worker")

# Their stubs lack most of what they have.
_Consumer: Any = consumer.Consumer
_Channel: Any = redis.Channel


class Consumer(_Consumer):  # type: ignore[misc] # the same
    """Celery's consumer, which refuses what it cannot handle."""

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        """Return what is called with each message."""
        handle = super().create_task_handler(*args, **kwargs)
        broken: Any = (*self.connection_errors, *self.channel_errors)

        def on_message(message: Any) -> Any:
            try:
                return handle(message)
            except broken:
                raise
            except Exception as exc:  # noqa: BLE001 - whatever a forged message brings about
                _refuse(exc)
                message.reject_log_error(log, self.connection_errors)
                return None

        return on_message


class Channel(_Channel):  # type: ignore[misc] # the same
    """Kombu's channel, which leaves out what is no message at all."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except (Empty, *self.connection_errors):
            raise
        except NO_MESSAGE as exc:
            _refuse(exc)
            return True


class Transport(redis.Transport):
    """Redis, read through our channel."""

    Channel = Channel


def install() -> None:
    """Let kombu take our transport for `redis://` and `rediss://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


def _refuse(error: Exception) -> None:
    log.error(logfmt.line("message.refused", detail=type(error).__name__))

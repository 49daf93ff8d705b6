"""Kombu's way to Redis, made fit for a worker that runs unattended.

It keeps a worker alive whatever lies in its queues, and it keeps no connection that
nobody uses.

Celery ends the process when a message makes its own code fail: a body that is
no list, an envelope that is no JSON. Here such a message is left out, told of in
one line, and the next one is read.
"""

from __future__ import annotations

import logging
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

from scalar import logfmt

log = logging.getLogger("scalar.worker")


class Channel(redis.Channel):
    """Kombu's channel, which leaves out what it or Celery cannot read.

    Messages are not acknowledged, so one that is left out holds no place.

    Kombu tries each new channel on a connection that only consumers need. It is
    closed again, and made anew where it is needed: a producer takes one connection
    then instead of two, of the 20 that Heroku's smallest Redis has.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.async_pool.disconnect()

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc] # its stubs lack it
        except (Empty, *self.connection_errors):  # type: ignore[attr-defined] # the same
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a forged message brings about
            log.error(logfmt.line("message.refused", detail=type(exc).__name__))  # noqa: TRY400 - expected
            return True


class Transport(redis.Transport):
    """Redis, read through our channel."""

    Channel = Channel


def install() -> None:
    """Let kombu take our transport for `redis://` and `rediss://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"

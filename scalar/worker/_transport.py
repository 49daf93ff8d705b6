"""Kombu's Redis transport, hardened for a worker that runs unattended.

It survives poison messages, closes unused connections, and fetches messages in
batches.

Celery ends the process when a message makes its own code fail, e.g. a body that is not
a list or an envelope that is not JSON. Here such a message is logged in one line and
skipped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

from kombu.asynchronous import Hub
from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils.json import loads

from scalar.core import logfmt

log = logging.getLogger("scalar.worker")


class BatchQoS(virtual.QoS):
    """A prefetch window that is refilled once more than half of it is free.

    Our tasks are acknowledged when they begin, so the window holds only messages that
    no thread has started, and no thread runs dry because of this.
    """

    def can_consume(self) -> bool:
        """Return whether enough of the window is free to fetch a batch."""
        size: int = self.prefetch_count
        return not size or (self.can_consume_max_estimate() or 0) > size // 2


class Channel(redis.Channel):
    """Kombu's channel; fetches in batches and skips messages it cannot read.

    Messages are not acknowledged to the broker, so a skipped one occupies no place in
    the prefetch window.

    Kombu fetches one message at a time, which takes as much CPU time as running its
    task. Here one fetch also takes the messages queued behind it.

    Kombu tests each new channel on a connection that only consumers need. It is closed
    here and reopened on demand, so a producer needs one connection instead of two, of
    the 20 that Heroku's smallest Redis allows.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.async_pool.disconnect()
        self.QoS = BatchQoS  # type: ignore[assignment] # its stubs have kombu's own

    def wake_loop_to_fetch(self) -> None:
        """Wake the worker's event loop, from any thread, if it can fetch a batch."""
        transport: Any = self.connection  # None once the channel is closed
        loop = transport.loop if transport else None
        if loop and self.qos.can_consume():
            loop.call_soon(_do_nothing)

    def _brpop_read(self, **options: Any) -> Any:
        with self._skipping_unreadable():
            super()._brpop_read(**options)  # type: ignore[misc] # missing in its stubs
        queue = self._queue_cycle.items[-1]  # type: ignore[attr-defined] # missing in its stubs
        room = self.qos.can_consume_max_estimate()
        for item in self.client.rpop(queue, room) or () if room else ():
            with self._skipping_unreadable():
                self.connection._deliver(loads(item), queue)  # noqa: SLF001 - as in kombu's own channel
        return True

    @contextmanager
    def _skipping_unreadable(self) -> Iterator[None]:
        try:
            yield
        except (Empty, *self.connection_errors):  # type: ignore[attr-defined] # missing in its stubs
            raise
        except Exception as exc:  # noqa: BLE001 - a forged message may cause any error
            log.error(logfmt.line("message.refused", detail=type(exc).__name__))  # noqa: TRY400 - expected


class Transport(redis.Transport):
    """Kombu's Redis transport, with our channel.

    Attributes:
        loop: The event loop that reads from it, in a worker; otherwise None. Kombu
            loses its own reference to the loop when it reconnects.
    """

    Channel = Channel
    loop: Hub | None = None

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Register this connection with an event loop."""
        self.loop = loop
        super().register_with_event_loop(connection, loop)


def _do_nothing() -> None:
    """Do nothing: waking the loop is enough for it to fetch."""


def register() -> None:
    """Register the transport with kombu, for `redis://` and `rediss://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"

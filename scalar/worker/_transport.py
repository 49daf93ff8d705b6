"""Kombu's Redis transport, hardened for a worker that runs unattended.

It survives poison messages and a Redis that refuses commands, closes unused
connections, and fetches messages in batches.

Celery ends the process when a message makes its own code fail, e.g. a body that is not
a list or an envelope that is not JSON. Here such a message is logged in one line and
skipped.

A Redis that refuses a command (it became read-only in a failover, is full, denies a
permission, holds a key of the wrong type) is away, too: the worker connects anew, after
a pause that grows, instead of ending or trying at once for ever.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

from celery.worker.state import maybe_shutdown
from kombu.asynchronous import Hub
from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils.json import loads
from redis.exceptions import RedisError

from scalar.core import logfmt
from scalar.core.repeated import repeats

log = logging.getLogger("scalar.worker")

#: Seconds before a refused connection is made anew, at first and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
#: Seconds after which a connection that was not refused counts as sound.
SOUND = 2 * LONGEST_PAUSE


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

    def disconnect(self) -> None:
        """Let the next command connect anew."""
        if self.connection is not None:  # otherwise it is closed
            self.pool.disconnect()

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
        except KeyError as exc:  # to kombu a connection error; here, half an envelope
            line = logfmt.line("message.refused", detail=type(exc).__name__)
            log.error(line, extra=repeats("message.refused"))  # noqa: TRY400 - expected
        except (Empty, *self.connection_errors):  # type: ignore[attr-defined] # missing in its stubs
            raise
        except Exception as exc:  # noqa: BLE001 - a forged message may cause any error
            line = logfmt.line("message.refused", detail=type(exc).__name__)
            log.error(line, extra=repeats("message.refused"))  # noqa: TRY400 - expected


class Pauses:
    """The pauses between the connections of a worker to a Redis that refuses."""

    def __init__(self) -> None:
        self._connected_at = -SOUND
        self._pause = 0.0

    def begin(self, now: float, longest: float) -> float:
        """Return the seconds, at most `longest`, to wait before a connection is used.

        They double while connections do not last.
        """
        if now - self._connected_at >= SOUND:
            self._pause = 0.0
        else:
            self._pause = min(max(FIRST_PAUSE, 2 * self._pause), longest)
        self._connected_at = now + self._pause
        return self._pause


pauses = Pauses()


class Transport(redis.Transport):
    """Kombu's Redis transport, with our channel.

    Attributes:
        loop: The event loop that reads from it, in a worker; otherwise None. Kombu
            loses its own reference to the loop when it reconnects.
    """

    Channel = Channel
    connection_errors = (*redis.Transport.connection_errors, RedisError)
    loop: Hub | None = None

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Register this connection with an event loop; first pause, if need be."""
        options = connection.client.transport_options
        now = time.monotonic()
        end = now + pauses.begin(now, options.get("longest_pause", LONGEST_PAUSE))
        while time.monotonic() < end:
            maybe_shutdown()
            time.sleep(0.1)
        self.loop = loop
        super().register_with_event_loop(connection, loop)


def _do_nothing() -> None:
    """Do nothing: waking the loop is enough for it to fetch."""


def register() -> None:
    """Register the transport with kombu, for `redis://` and `rediss://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"

"""Kombu's way to Redis, made fit for a worker that runs unattended.

It keeps a worker alive whatever lies in its queues, it keeps no connection that
nobody uses, and it takes messages by the dozen.

Celery ends the process when a message makes its own code fail: a body that is
no list, an envelope that is no JSON. Here such a message is left out, told of in
one line, and the next one is read.
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


class Supply(virtual.QoS):
    """The messages that wait in the worker; more are taken when a good part is gone.

    With tasks that are acknowledged when they begin, as ours are, a message waits
    until a thread has it. So threads never wait for messages because of this.
    """

    def can_consume(self) -> bool:
        """Return whether so many have gone that it is worth while to take some."""
        most: int = self.prefetch_count
        return not most or (self.can_consume_max_estimate() or 0) > most // 2


class Channel(redis.Channel):
    """Kombu's channel, which leaves out what it or Celery cannot read.

    Messages are not acknowledged, so one that is left out holds no place.

    Kombu waits for one message at a time, which costs as much CPU time as to run its
    task. Once one has come, others that lie beside it are taken with it.

    Kombu tries each new channel on a connection that only consumers need. It is
    closed again, and made anew where it is needed: a producer takes one connection
    then instead of two, of the 20 that Heroku's smallest Redis has.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.async_pool.disconnect()
        self.QoS = Supply  # type: ignore[assignment] # its stubs have kombu's own

    def tell_of_room(self) -> None:
        """Wake the worker's loop, from any thread, if it is to take more messages."""
        transport: Any = self.connection  # none once the channel is closed
        loop = transport.loop if transport else None
        if loop and self.qos.can_consume():
            loop.call_soon(_look_again)

    def _brpop_read(self, **options: Any) -> Any:
        with self._leaving_out_what_is_unreadable():
            super()._brpop_read(**options)  # type: ignore[misc] # its stubs lack it
        queue = self._queue_cycle.items[-1]  # type: ignore[attr-defined] # the same
        room = self.qos.can_consume_max_estimate()
        for item in self.client.rpop(queue, room) or () if room else ():
            with self._leaving_out_what_is_unreadable():
                self.connection._deliver(loads(item), queue)  # noqa: SLF001 - as kombu's own channel does
        return True

    @contextmanager
    def _leaving_out_what_is_unreadable(self) -> Iterator[None]:
        try:
            yield
        except (Empty, *self.connection_errors):  # type: ignore[attr-defined] # the same
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a forged message brings about
            log.error(logfmt.line("message.refused", detail=type(exc).__name__))  # noqa: TRY400 - expected


class Transport(redis.Transport):
    """Redis, read through our channel.

    Attributes:
        loop: The loop that reads it, in a worker; None in a program without one.
            Kombu's own function for it forgets the loop at a reconnection.
    """

    Channel = Channel
    loop: Hub | None = None

    def register_with_event_loop(self, connection: Any, loop: Hub) -> None:
        """Let a loop read from this connection."""
        self.loop = loop
        super().register_with_event_loop(connection, loop)


def _look_again() -> None:
    """Do nothing: a loop that wakes sees by itself that there is room."""


def install() -> None:
    """Let kombu take our transport for `redis://` and `rediss://`."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"

"""Let a worker answer while it shuts down.

On SIGTERM a worker leaves remote control at once, and then finishes the jobs it has
started. The ones that it has acknowledged would be invisible. So a thread answers in
its place, under the worker's name with a suffix, until the worker has stopped. It
starts on the signal, and needs two connections to Redis.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Collection
from typing import Any, Optional

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from celery.utils.collections import AttributeDict
from celery.worker.control import Panel

from scalar_agent.celery_answers import CLOSING
from scalar_agent.celery_command import requests_of, snapshot
from scalar_agent.log import log

#: Seconds between the thread's checks whether it should stop.
TICK = 0.25


class _Deputy:
    """Answers for a worker that has left remote control."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._app = consumer.app
        self._remembered: dict[int, Any] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(
            target=self._answer, name="scalar-agent-closing", daemon=True
        )

    def start(self) -> None:
        """Start; called by the signal handler."""
        self._remember()
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait briefly until the thread has cleaned up in the broker."""
        self._is_over.set()
        if self._thread is not threading.current_thread():
            self._thread.join(4 * TICK)

    def _remember(self) -> None:
        """Remember the worker's requests; it forgets those it has not started.

        RabbitMQ does not requeue those until the worker's connection closes.
        """
        requests = {id(request): request for request in requests_of(self._consumer)}
        self._remembered.update(requests)

    def _answer(self) -> None:
        while not self._is_over.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - must not disturb the shutdown
                # The text of an error may hold the broker's URL.
                log.debug("no remote control: %s", type(error).__name__)
                self._is_over.wait(1.0)

    def _listen(self) -> None:
        with self._app.connection_for_read() as connection:
            channel: Any = connection.channel()
            # Kombu's Redis channels share this dict, and the worker's own channel
            # reads it while closing.
            if hasattr(channel, "_fanout_queues"):
                channel._fanout_queues = dict(channel._fanout_queues)  # noqa: SLF001
            node = self._app.control.mailbox(connection).Node(
                self._consumer.hostname + CLOSING,
                state=AttributeDict(
                    app=self._app,
                    hostname=self._consumer.hostname,
                    consumer=self._consumer,
                    tset=_as_set,
                    remembered=self._remembered,
                ),
                channel=channel,
                handlers=Panel.data,
            )
            node.mailbox.producer_pool = None  # answers go through this channel
            consumer = node.listen()
            try:
                while not self._is_over.is_set():
                    self._remember()
                    try:
                        connection.drain_events(timeout=TICK)
                    except socket.timeout:
                        continue
            finally:
                consumer.cancel()
                channel.close()


def _as_set(items: Collection[Any]) -> set[Any]:
    return set(snapshot(items))


#: The worker of this process, and its deputy.
_consumer: Optional[Any] = None
_deputy: Optional[_Deputy] = None


@worker_ready.connect(weak=False, dispatch_uid="scalar_agent.ready")
def _remember(sender: Any = None, **_: Any) -> None:
    global _consumer, _deputy
    _consumer, _deputy = sender, None


@worker_shutting_down.connect(weak=False, dispatch_uid="scalar_agent.closing")
def _take_over(**_: Any) -> None:
    global _deputy  # noqa: PLW0603
    if _consumer is None or _deputy is not None:
        return
    if not _consumer.app.conf.worker_enable_remote_control:
        return
    _deputy = _Deputy(_consumer)
    _deputy.start()


@worker_shutdown.connect(weak=False, dispatch_uid="scalar_agent.closed")
def _leave(**_: Any) -> None:
    if _deputy is not None:
        _deputy.stop()

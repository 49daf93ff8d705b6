"""Let a worker answer while it shuts down.

On SIGTERM a worker leaves remote control at once, and then finishes the jobs it has
started. The ones that it has acknowledged would be invisible. In a soft shutdown it
stays, and answers nobody for its whole time. So a thread answers in its place, under
the worker's name with a suffix, until the worker has stopped. It starts with the
shutdown, and needs two connections to Redis.
"""

from __future__ import annotations

import atexit
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Collection
from typing import Any, Callable, Optional

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from celery.utils.collections import AttributeDict
from celery.worker.control import Panel

from scalar_agent.celery_answers import CLOSING
from scalar_agent.celery_command import requests_of, snapshot
from scalar_agent.celery_notes import ENDED, SOLO, note, write_as_worker
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
                    hostname=self._consumer.hostname + CLOSING,
                    consumer=self._consumer,
                    tset=_as_set,
                    remembered=self._remembered,
                    more=lambda: _blocked(self._consumer),
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


def _blocked(consumer: Any) -> dict[str, str]:
    """Return whether a worker still gets requests, which it does not answer.

    And what it has got meanwhile and not read: a job that Redis gave it is nowhere
    else.
    """
    boxes = (getattr(step, "box", None) for step in consumer.steps)
    if not any(box is not None and box.consumer is not None for box in boxes):
        return {}
    channel = getattr(consumer.task_consumer, "channel", None)
    return {"blocked": _unread_by(channel)}


def _unread_by(channel: Any) -> str:
    """Return "empty" if no job is in the socket of a channel; only of Redis."""
    if not getattr(channel, "_in_poll", None):
        return "empty"  # it waits for no job
    try:
        sock = channel.client.connection._sock  # noqa: SLF001
        if not select.select([sock], [], [], 0)[0]:
            return "empty"
        if isinstance(sock, ssl.SSLSocket):
            return "unknown"
        begin = sock.recv(16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except Exception:  # noqa: BLE001 - whatever it is, it is not known
        return "unknown"
    # The answer that Redis gives when it had no job: null, in either protocol.
    return "empty" if begin.startswith((b"*-1", b"$-1", b"_")) else "a job"


class _Worker:
    """The worker of this process, and its deputy."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self._deputy: Optional[_Deputy] = None
        self._pid = os.getpid()
        self._has_ended = False

    def announce(self) -> None:
        """Say that it has begun, and if it answers nobody while it runs a job."""
        name = self.consumer.hostname
        ended = f"{ENDED} {name}"
        if type(self.consumer.pool).__module__.endswith(".solo"):
            write_as_worker(
                self.consumer.app, {f"{SOLO} {name}": note(time.time())}, ended
            )
        else:
            write_as_worker(self.consumer.app, {}, ended, f"{SOLO} {name}")

    def begin_to_close(self) -> None:
        """Let the deputy answer from now on."""
        if self._deputy is None and self.consumer.app.conf.worker_enable_remote_control:
            self._deputy = _Deputy(self.consumer)
            self._deputy.start()

    def end(self) -> None:
        """Stop the deputy, and say that the worker has ended."""
        if self._has_ended or os.getpid() != self._pid:
            return
        self._has_ended = True
        name = self.consumer.hostname
        write_as_worker(
            self.consumer.app, {f"{ENDED} {name}": note(time.time())}, f"{SOLO} {name}"
        )
        if self._deputy is not None:
            self._deputy.stop()


_worker: Optional[_Worker] = None


@worker_ready.connect(weak=False, dispatch_uid="scalar_agent.ready")
def _remember(sender: Any = None, **_: Any) -> None:
    global _worker  # noqa: PLW0603
    _worker = worker = _Worker(sender)
    # A worker that ends at once gives no signal, a soft shutdown a late one.
    atexit.register(worker.end)
    controller: Any = getattr(sender, "controller", None)
    soft = getattr(controller, "wait_for_soft_shutdown", None)
    if soft is not None:
        controller.wait_for_soft_shutdown = _begin_first(worker, soft)
    worker.announce()


def _begin_first(worker: _Worker, wait: Callable[[], None]) -> Callable[[], None]:
    def wait_for_soft_shutdown() -> None:
        worker.begin_to_close()
        wait()

    return wait_for_soft_shutdown


@worker_shutting_down.connect(weak=False, dispatch_uid="scalar_agent.closing")
def _take_over(**_: Any) -> None:
    if _worker is not None:
        _worker.begin_to_close()


@worker_shutdown.connect(weak=False, dispatch_uid="scalar_agent.closed")
def _leave(**_: Any) -> None:
    if _worker is not None:
        _worker.end()

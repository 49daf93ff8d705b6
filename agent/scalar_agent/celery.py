"""Measure the work of a Celery app's workers.

    from scalar_agent.celery import CeleryJobs

    jobs = CeleryJobs(app, {"worker": ["default", "mail"]})
    jobs.measure()["worker"].count

A job is counted once, wherever it is: in its queue, held unacknowledged by a
worker, or running after an early acknowledgement. A job whose ETA is in the future
needs no worker yet.

Import this where you create the app. Then every process stamps the messages it
sends, which makes the latency known, and every worker answers while it shuts down.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Mapping
from typing import Any, Optional, Union

from celery import Celery

from scalar_agent import (
    celery_closing,
    celery_command,
    celery_quiesce,
    celery_stamp,
)
from scalar_agent.arguments import (
    check_flag,
    check_number,
    check_pool,
    check_queues,
    shown,
)
from scalar_agent.broker_errors import words_for
from scalar_agent.celery_measure import Measurer
from scalar_agent.log import Trouble, log
from scalar_agent.work import QueuesByProcess, Work

__all__ = ["CeleryJobs"]

#: Importing these registers their signal handlers and remote control commands.
_REGISTERED = (celery_closing, celery_command, celery_quiesce, celery_stamp)

#: A poll that failed after more seconds than this is not repeated.
PATIENCE = 2.0


class CeleryJobs:
    """The jobs of a Celery app, as its broker and its workers report them.

    Keeps one connection, which threads use in turn; a forked process opens its
    own.

    Args:
        app: Your Celery app; its settings say where and how to look.
        queues_by_process: Process type -> names of the queues its workers read.
        busy_dynos: Report the busy dynos even if nothing else requires asking
            the workers, as with late acknowledgement.
        pool: The workers' pool if it differs from the app's setting `worker_pool`,
            or process type -> pool. A worker of the pool "solo" cannot answer
            while it is busy, and need not: its job is not acknowledged yet.
        inspect_timeout: Seconds that the workers have to answer.
        most_messages: How many messages to inspect for their ETA: the oldest of
            each priority list of a queue, and as many unacknowledged ones. All
            others count as due.
        time_to_end: Seconds that a worker may take to shut down; 30 on Heroku.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is empty or out of range.
    """

    def __init__(
        self,
        app: Celery,
        queues_by_process: QueuesByProcess,
        *,
        busy_dynos: bool = False,
        pool: Union[str, Mapping[str, str], None] = None,
        inspect_timeout: float = 1.0,
        most_messages: int = 1000,
        time_to_end: float = 30.0,
    ) -> None:
        if not isinstance(app, Celery):
            raise TypeError(
                f"app = {shown(app)}, must be a Celery app: the one that sends the "
                "jobs, not its broker"
            )
        queues = check_queues(queues_by_process)
        check_flag("busy_dynos", busy_dynos)
        check_number("inspect_timeout", inspect_timeout, 0.05, 10.0)
        check_number("most_messages", most_messages, 1, 100_000)
        check_number("time_to_end", time_to_end, 0.0, 86_400.0)
        self._app = app
        self._processes = tuple(queues)
        self._most_messages = int(most_messages)
        self._asks_busy = busy_dynos
        self._trouble = Trouble("measure Celery's jobs")
        self._measurer = Measurer(
            app,
            queues,
            busy_dynos=busy_dynos,
            pools=check_pool(pool, queues),
            inspect_timeout=float(inspect_timeout),
            time_to_end=float(time_to_end),
        )
        self._lock = threading.Lock()
        self._broker: Optional[Any] = None
        _made.add(self)

    def __repr__(self) -> str:
        return f"<CeleryJobs of {self._app.main!r}: {', '.join(self._processes)}>"

    def measure(self) -> dict[str, Work]:
        """Return the work of each process type, with unknown parts marked as such."""
        return self.measure_before_removal({})

    def measure_before_removal(self, keep: Mapping[str, int]) -> dict[str, Work]:
        """Quiesce the workers on the dynos to be removed, then measure.

        A worker there that cannot be quiesced, or still consumes, counts as busy.
        The workers resume by themselves after 20 seconds.

        Args:
            keep: Process type -> number of dynos to keep.
        """
        with self._lock:
            try:
                work = self._measure(keep)
                self._resume_kept(keep, work)
                self._trouble.over()
                return work  # noqa: TRY300
            except UnsupportedBroker as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - any error means unknown
                reason = (
                    f"cannot read the broker{_place(self._app)}: {words_for(error)}"
                )
                self._disconnect()
            self._trouble.note(reason)
            return dict.fromkeys(self._processes, _unknown(reason, self._asks_busy))

    @property
    def warnings(self) -> list[str]:
        """What is wrong with the mapping of queues, as of the last measurement."""
        return [
            f"queue {name!r} has {number} jobs, and no process type is mapped to it"
            for name, number in sorted(self._measurer.names.unmapped.items())
        ]

    def close(self) -> None:
        """Close the connection; the next `measure` opens a new one."""
        with self._lock:
            self._disconnect()

    def _measure(self, keep: Mapping[str, int]) -> dict[str, Work]:
        """Measure; if the kept connection is broken, retry once with a new one."""
        if self._broker is not None:
            begin = time.monotonic()
            try:
                return self._measurer.measure(self._broker, keep)
            except Exception as error:
                self._disconnect()
                self._measurer.note_reconnected()
                if time.monotonic() - begin > PATIENCE:
                    raise  # the broker hangs, so a retry would too
                log.info("reconnecting after %s", type(error).__name__)
        self._broker = connect(self._app, self._most_messages)
        return self._measurer.measure(self._broker, keep)

    def _resume_kept(self, keep: Mapping[str, int], work: Mapping[str, Work]) -> None:
        """Let workers go on that no dyno can be removed of, as one may be busy."""
        kept = [name for name in keep if name in work and work[name].busy_dynos != ()]
        if kept:
            self._measurer.resume(self._broker, kept)

    def _disconnect(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            try:
                broker.close()
            except Exception:  # noqa: BLE001 - it is broken already
                log.debug("a broken connection could not be closed")

    def _after_fork(self) -> None:
        """Drop the parent's connection without closing it."""
        self._lock = threading.Lock()
        _parents_brokers.append(self._broker)
        self._broker = None


class UnsupportedBroker(Exception):
    """The app's jobs cannot be counted with its broker or settings."""


def connect(app: Celery, most_messages: int) -> Any:
    """Return a connection to an app's broker.

    Raises:
        UnsupportedBroker: The app's broker or its settings are not supported.
    """
    connection: Any = app.connection_for_read()
    transport = connection.transport
    if transport.driver_type == "redis":
        if not app.conf.broker_transport_options.get("ack_emulation", True):
            raise UnsupportedBroker(
                "the transport option ack_emulation=False is not supported: Redis "
                "then does not know which jobs the workers hold"
            )
        # Imported here: an app has the driver of its own broker only.
        from scalar_agent.celery_redis import RedisBroker  # noqa: PLC0415

        return RedisBroker(app, most_messages)
    if transport.driver_name == "py-amqp":
        from scalar_agent.celery_rabbitmq import RabbitBroker  # noqa: PLC0415

        return RabbitBroker(app, most_messages)
    raise UnsupportedBroker(
        f"the transport {transport.driver_type!r} ({transport.driver_name}) is not "
        "supported; use Redis or RabbitMQ (py-amqp)"
    )


def _place(app: Celery) -> str:
    """Return " at host:port" of an app's broker, without user and password."""
    try:
        connection: Any = app.connection_for_read()
        host, port = connection.hostname or "localhost", connection.port
    except Exception:  # noqa: BLE001 - a URL that cannot be parsed says nothing
        return ""
    return f" at {host}:{port}" if port else f" at {host}"


def _unknown(reason: str, asks_busy: bool) -> Work:  # noqa: FBT001
    parts = ["count", "latency", "next_eta", "stranded"]
    if asks_busy:
        parts.append("busy_dynos")
    return Work(None, stranded=None, unknown=dict.fromkeys(parts, reason))


_made: weakref.WeakSet[CeleryJobs] = weakref.WeakSet()
_parents_brokers: list[Any] = []


def _after_fork() -> None:
    for jobs in list(_made):
        jobs._after_fork()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

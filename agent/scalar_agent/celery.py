"""Measure the work of a Celery app's workers.

    from scalar_agent.celery import CeleryJobs

    jobs = CeleryJobs(app, {"worker": ["default", "mail"]})
    jobs.measure()["worker"].count

A job is counted once, wherever it is: in the lists of its queue, with a worker
that has not acknowledged it, or running after it was acknowledged. A job whose
ETA is in the future needs no worker yet.

Import this where the app is made. Then every process stamps what it sends, so
that the latency is known, and every worker can be asked while it shuts down.
"""

from __future__ import annotations

import logging
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
    celery_quiet,
    celery_stamp,
)
from scalar_agent.celery_arguments import check_number, check_pool, check_queues
from scalar_agent.celery_measure import Measurer
from scalar_agent.work import QueuesByProcess, Work

__all__ = ["CeleryJobs"]

#: They are at work in every process that has imported them.
_AT_WORK = (celery_closing, celery_command, celery_quiet, celery_stamp)

#: Seconds after which a failed poll is not repeated.
PATIENCE = 2.0

log = logging.getLogger(__name__)


class CeleryJobs:
    """The jobs of a Celery app, as its broker and its workers tell them.

    One connection is kept; threads use it in turn, and a forked process makes
    its own.

    Args:
        app: Your Celery app; its own settings say where and how to look.
        queues_by_process: Process type -> names of the queues its workers read.
        busy_dynos: Ask for the dynos that run a job even where nothing else
            needs the workers' answers, as with late acknowledgement.
        pool: The workers' pool if it is not `worker_pool` of the app's settings,
            or process type -> pool. A worker of the pool "solo" cannot answer
            while it is busy, and need not: its job is not acknowledged yet.
        inspect_timeout: Seconds that the workers have for their answers.
        most_messages: How many messages are looked at for their ETA: so many of
            each priority list of a queue, the oldest, and so many of the
            unacknowledged. All others count as due.
        time_to_end: Seconds after which a worker that shuts down is no more;
            30 on Heroku.

    Raises:
        TypeError: An argument is of a wrong kind.
        ValueError: An argument's value is of no use.
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
            raise TypeError(f"app = {app!r}, must be a Celery app")
        queues = check_queues(queues_by_process)
        check_number("inspect_timeout", inspect_timeout, 0.05, 10.0)
        check_number("most_messages", most_messages, 1, 100_000)
        check_number("time_to_end", time_to_end, 0.0, 86_400.0)
        self._app = app
        self._processes = tuple(queues)
        self._most_messages = int(most_messages)
        self._asks_busy = bool(busy_dynos)
        self._measurer = Measurer(
            app,
            queues,
            busy_dynos=bool(busy_dynos),
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
        """Return the work of each process type; what cannot be known is unknown."""
        return self.measure_before_removal({})

    def measure_before_removal(self, keep: Mapping[str, int]) -> dict[str, Work]:
        """Return the same, once the dynos to be removed take no more jobs.

        A worker on such a dyno that cannot be told to, or is not quiet yet, counts
        as busy. They take jobs again after 20 seconds.

        Args:
            keep: Process type -> dynos that will be kept of it.
        """
        with self._lock:
            try:
                return self._measure(keep)
            except UnsupportedBroker as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - unknown, whatever it was
                # The text of an error may hold the broker's URL.
                reason = f"the broker cannot be asked ({type(error).__name__})"
                self._disconnect()
            log.warning("the work of Celery is unknown: %s", reason)
            return dict.fromkeys(self._processes, _unknown(reason, self._asks_busy))

    def close(self) -> None:
        """Give the connection up; the next `measure` makes a new one."""
        with self._lock:
            self._disconnect()

    def _measure(self, keep: Mapping[str, int]) -> dict[str, Work]:
        """Measure; if the connection kept is broken, do it with a new one."""
        if self._broker is not None:
            begin = time.monotonic()
            try:
                return self._measurer.measure(self._broker, keep)
            except Exception as error:
                self._disconnect()
                if time.monotonic() - begin > PATIENCE:
                    raise  # it hangs, and so would the next
                log.info("connect anew after %s", type(error).__name__)
        self._broker = connect(self._app, self._most_messages)
        return self._measurer.measure(self._broker, keep)

    def _disconnect(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            try:
                broker.close()
            except Exception:  # noqa: BLE001 - it is broken already
                log.debug("a broken connection could not be closed")

    def _after_fork(self) -> None:
        """Leave the parent's connection alone, unclosed, and make a new one."""
        self._lock = threading.Lock()
        _parents_brokers.append(self._broker)
        self._broker = None


class UnsupportedBroker(Exception):
    """The app's settings hide what has to be counted."""


def connect(app: Celery, most_messages: int) -> Any:
    """Return a connection to an app's broker.

    Raises:
        UnsupportedBroker: This can never work with the app's settings.
    """
    connection: Any = app.connection_for_read()
    transport = connection.transport
    if transport.driver_type == "redis":
        if not app.conf.broker_transport_options.get("ack_emulation", True):
            raise UnsupportedBroker(
                "with the transport option ack_emulation=False, Redis does not "
                "know the jobs that workers have been given"
            )
        # An app has the driver of its own broker only.
        from scalar_agent.celery_redis import RedisBroker  # noqa: PLC0415

        return RedisBroker(app, most_messages)
    if transport.driver_name == "py-amqp":
        from scalar_agent.celery_rabbitmq import RabbitBroker  # noqa: PLC0415

        return RabbitBroker(app, most_messages)
    raise UnsupportedBroker(
        f"the transport {transport.driver_type!r} ({transport.driver_name}) cannot be "
        "measured, only Redis and RabbitMQ (py-amqp)"
    )


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

"""Count the jobs of Celery queues that need a worker now.

Copy this file into your app; it needs nothing but Celery, with Redis as its
broker. A job is counted once, wherever it is:

    waiting      in the lists of its queue, one for each priority
    unacked      given to a worker that has not acknowledged it: reserved,
                 running with late acks, or left behind by a killed worker
    running      acknowledged early, so the worker alone knows of it

A job whose ETA is in the future needs no worker yet and is left out.

Late acks (`task_acks_late=True`) are best: then Redis knows every job. Without
them the workers are asked too, which takes up to `INSPECT_TIMEOUT`. Redis tells
how many workers heard the question. If none did, none runs a job; if fewer
answer than heard it, nobody knows how much is running, and so the counts are
None. A worker of the solo pool cannot answer while it runs a job.

A job that a worker has just taken out of its list is nowhere in Redis until the
worker has written it down as unacknowledged. So Redis is looked at twice, and a
job seen either time counts. A count may thus be too high by what ended in
between; it is too low only if a worker hangs with a job in hand.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.utils.time import maybe_iso8601, maybe_make_aware
from kombu.transport.redis import PrefixedStrictRedis

#: Messages looked at for their ETA: so many of each list, the oldest, and so
#: many of the unacknowledged. The rest counts as due; the rest of the
#: unacknowledged, whose queue is not known, for every process type.
MOST_MESSAGES = 1000
#: Seconds that the workers have to answer.
INSPECT_TIMEOUT = 1.0
#: Seconds; whoever asks for the counts does not wait for long.
SOCKET_TIMEOUTS = {"socket_connect_timeout": 3, "socket_timeout": 3}

#: Seconds between the two looks: longer than a worker is busy taking a job.
PAUSE = 0.05

log = logging.getLogger(__name__)


class UnsupportedBroker(Exception):
    """The app's broker is not Redis, or does not keep what is unacknowledged."""


def count_jobs(
    app: Celery, queues_by_process: Mapping[str, Collection[str]]
) -> dict[str, int | None]:
    """Return how many jobs need a worker now, for each process type.

    Args:
        app: Your Celery app; its own settings say where and how to look.
        queues_by_process: Process type -> the names of the queues it reads.

    Returns:
        Process type -> jobs, or None if they cannot be known now.

    Raises:
        UnsupportedBroker: This can never work with the app's settings.
        TypeError: Text stands where a collection of queue names belongs.
    """
    for process, queues in queues_by_process.items():
        if isinstance(queues, str):
            raise TypeError(f"{process}: {queues!r} must be a list of queue names")
    broker = _brokers.setdefault(app, _Broker(app))
    with broker.lock:
        try:
            jobs = broker.jobs({*_chain(queues_by_process.values())})
        except UnsupportedBroker:
            raise
        except Exception as error:  # noqa: BLE001 - an unknown count, whatever it was
            broker.disconnect()
            # The text of an error may hold the broker's URL, so it is not shown.
            log.warning("jobs cannot be counted: %s", type(error).__name__)
            return dict.fromkeys(queues_by_process)
    return {process: jobs.of(queues) for process, queues in queues_by_process.items()}


@dataclass
class _Jobs:
    """Jobs that are due.

    Attributes:
        queues: Where each job belongs, by its id and its message's own tag.
        others: Further jobs, by queue; has every queue that has been counted.
        unplaced: Jobs that may belong to any queue.
    """

    queues: dict[tuple[str, str], frozenset[str]]
    others: Counter[str]
    unplaced: int = 0

    def __or__(self, later: _Jobs) -> _Jobs:
        return _Jobs(
            self.queues | later.queues,
            Counter({q: max(self.others[q], later.others[q]) for q in later.others}),
            max(self.unplaced, later.unplaced),
        )

    def of(self, queues: Collection[str]) -> int | None:
        """Return the jobs of some queues; None if one has not been counted."""
        wanted = frozenset(queues)
        if not wanted <= self.others.keys():
            return None
        placed = sum(not wanted.isdisjoint(found) for found in self.queues.values())
        return placed + sum(self.others[queue] for queue in wanted) + self.unplaced


class _Broker:
    """An app's broker, and one connection to it that threads use in turn."""

    def __init__(self, app: Celery) -> None:
        self.lock = threading.Lock()
        self._app = app
        self._connection: Any = None

    def jobs(self, queues: Collection[str]) -> _Jobs:
        """Return the due jobs of these queues.

        Redis is read before the workers are asked: a job that starts in
        between is seen twice and told by its id, not missed.
        """
        channel = self._channel()
        known = [queue for queue in queues if self._knows(queue)]
        routes = _Routes(self._app, channel)
        jobs = self._in_redis(channel, routes, known)
        time.sleep(PAUSE)
        jobs |= self._in_redis(channel, routes, known)
        if _acks_early(self._app):
            in_redis = {id_ for id_, _ in jobs.queues}
            for task in self._running():
                if task["id"] not in in_redis:
                    info = task["delivery_info"]
                    found = routes.queues(info["exchange"], info["routing_key"])
                    jobs.queues[task["id"], ""] = found
        return jobs

    def disconnect(self) -> None:
        """Give the connection up; the next look makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def _knows(self, queue: str) -> bool:
        """Return whether the app has this queue, or may make it."""
        try:
            return bool(self._app.amqp.queues[queue])
        except KeyError:
            log.warning("the app has no queue %r (see task_queues)", queue)
            return False

    def _channel(self) -> Any:
        if self._connection is None:
            options = {**self._app.conf.broker_transport_options, **SOCKET_TIMEOUTS}
            self._connection = self._app.connection_for_read(transport_options=options)
            driver = self._connection.transport.driver_type
            if driver != "redis":
                self.disconnect()
                raise UnsupportedBroker(f"count_jobs reads Redis, not {driver}")
            if not options.get("ack_emulation", True):
                self.disconnect()
                raise UnsupportedBroker(
                    "count_jobs needs the unacknowledged jobs, which the transport "
                    "option ack_emulation=False does not keep"
                )
            self._connection.ensure_connection(max_retries=0)
        return self._connection.default_channel

    def _in_redis(
        self, channel: Any, routes: _Routes, queues: Collection[str]
    ) -> _Jobs:
        """Return what waits and what is unacknowledged, at one moment."""
        prefix = channel.global_keyprefix
        lists = [
            (queue, prefix + channel._q_for_pri(queue, step))  # noqa: SLF001 - no other
            for queue in queues
            for step in channel.priority_steps
        ]
        # Kombu's own client gives the prefix to some commands only.
        client = PrefixedStrictRedis(connection_pool=channel.pool)
        pipe: Any
        with client.pipeline(transaction=True) as pipe:
            for _, key in lists:
                pipe.llen(key).lrange(key, -MOST_MESSAGES, -1)
            unacked = prefix + channel.unacked_key
            pipe.hlen(unacked).hscan(unacked, count=MOST_MESSAGES)
            answers = iter(pipe.execute())

        jobs = _Jobs({}, Counter(dict.fromkeys(queues, 0)))
        for queue, _ in lists:
            length, messages = next(answers), next(answers)
            jobs.others[queue] += length - len(messages)
            for message in messages:
                self._add(jobs, _loads(message), frozenset([queue]))
        total, (_, seen) = next(answers), next(answers)
        jobs.unplaced = max(0, total - len(seen))
        for value in seen.values():
            message, exchange, routing_key = json.loads(value)
            self._add(jobs, message, routes.queues(exchange, routing_key))
        return jobs

    def _add(self, jobs: _Jobs, message: Any, queues: frozenset[str]) -> None:
        """Add a message, unless its ETA is in the future."""
        try:
            headers = message["headers"]
            eta = headers.get("eta")
            if eta and self._aware(eta) > datetime.now(UTC):
                return
            tag = message["properties"]["delivery_tag"]
            jobs.queues[headers["id"], tag] = queues
        except (AttributeError, KeyError, TypeError, ValueError):
            # No task as Celery sends it; a worker must look at it all the same.
            jobs.others.update(queues & jobs.others.keys())

    def _aware(self, eta: str) -> datetime:
        when: Any = maybe_iso8601(eta)
        return maybe_make_aware(when, self._app.timezone)

    def _running(self) -> Iterable[dict[str, Any]]:
        """Return the tasks that the workers say they run.

        Raises:
            TimeoutError: A worker that heard the question did not answer.
        """
        heard: list[int] = []
        answers: dict[str, list[dict[str, Any]]] = {}

        def collect(answer: dict[str, list[dict[str, Any]]]) -> None:
            answers.update(answer)
            if len(answers) == sum(heard):
                raise _AllAnswered

        with self._connection.channel() as channel:
            _listen_to_publish(channel, heard)
            control: Any = self._app.control
            mailbox = control.mailbox(self._connection)
            mailbox.producer_pool = None  # use the channel that listens
            with suppress(_AllAnswered):
                mailbox.multi_call(
                    "active", timeout=INSPECT_TIMEOUT, callback=collect, channel=channel
                )
        if not heard or len(answers) < sum(heard):
            raise TimeoutError(f"{len(answers)} of {sum(heard)} workers answered")
        return _chain(answers.values())


class _AllAnswered(Exception):
    """Every worker has answered; there is nothing to wait for."""


class _Routes:
    """Which queues a message came from, by the app's own bindings."""

    def __init__(self, app: Celery, channel: Any) -> None:
        self._types = channel.exchange_types
        self._kinds: dict[str, str] = {}
        self._tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        bound: list[Any] = list(app.amqp.queues.values())
        for queue in bound:
            for binding in queue.bindings or [queue]:
                exchange, key = binding.exchange, binding.routing_key
                kind = self._kinds.setdefault(exchange.name, exchange.type)
                self._tables[exchange.name].append(
                    self._types[kind].prepare_bind(queue.name, exchange.name, key, {})
                )

    def queues(self, exchange: str, routing_key: str) -> frozenset[str]:
        """Return the queues that such a message goes to."""
        if not exchange:
            return frozenset([routing_key])
        kind = self._types[self._kinds.get(exchange, "direct")]
        table = self._tables.get(exchange, [])
        return frozenset(kind.lookup(table, exchange, routing_key, None))


def _acks_early(app: Celery) -> bool:
    return not app.conf.task_acks_late or any(
        not task.acks_late for task in app.tasks.values()
    )


def _listen_to_publish(channel: Any, heard: list[int]) -> None:
    """Note Redis' answer to PUBLISH: how many clients got the message."""
    make_client = channel.Client

    def make_listening_client(**options: Any) -> Any:
        client = make_client(**options)
        client.set_response_callback(
            "PUBLISH", lambda receivers, **_: heard.append(receivers)
        )
        return client

    channel.Client = make_listening_client


def _loads(message: bytes) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _chain(groups: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return (item for group in groups for item in group)


#: One for each app; a forked process starts with none.
_brokers: dict[Celery, _Broker] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_brokers.clear)

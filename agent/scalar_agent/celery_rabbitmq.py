"""Read the jobs of an app whose broker is RabbitMQ.

RabbitMQ reports how many messages of a queue are ready, not how many the workers
hold. So the workers are asked for all their jobs.

A consumer briefly takes the oldest ready messages to read their ETAs. It has a lower
priority than every worker, so it gets only what they cannot take, and closing its
channel puts the messages back where they were. A quorum queue counts redeliveries
and finally drops a message, so this is done only if RabbitMQ confirms that the queue
is a classic one; otherwise every ready message counts as due.
"""

from __future__ import annotations

import socket
import time
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any

from amqp.exceptions import NotFound, PreconditionFailed
from celery import Celery
from kombu import Consumer, Queue

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_failover import connect_to_any
from scalar_agent.celery_found import Job, Look
from scalar_agent.celery_message import ReadEta, read_times
from scalar_agent.celery_question import publish
from scalar_agent.celery_reply import Forms, note_answer
from scalar_agent.celery_routes import Routes
from scalar_agent.celery_server import Server

#: Seconds; short, because a reader is waiting for the counts.
SOCKET_TIMEOUT = 3.0

#: Seconds without a message after which no more are expected.
LULL = 0.2

#: Seconds that an unknown worker has to answer; RabbitMQ does not report how many
#: got the request.
GRACE = 0.5


class RabbitBroker:
    """One connection to an app's RabbitMQ; not thread-safe."""

    #: RabbitMQ does not report the messages that workers hold.
    reports_unacked = False

    def __init__(self, app: Celery, most_messages: int) -> None:
        self._app: Any = app
        self._most = most_messages
        self._consumers: dict[str, int] = {}
        self.forms = Forms(app.conf.task_serializer)
        #: RabbitMQ does not say.
        self.server = Server()
        self._is_classic: dict[str, bool] = {}
        timeouts = {"read_timeout": SOCKET_TIMEOUT, "write_timeout": SOCKET_TIMEOUT}
        options = {**app.conf.broker_transport_options, **timeouts}
        self._connection: Any = connect_to_any(app, SOCKET_TIMEOUT, options, retries=1)

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def look(
        self,
        queues: Collection[str],
        routes: Routes,
        read_eta: ReadEta,
    ) -> Look:
        """Return the ready jobs; note how many consumers each queue has."""
        look = Look(time.time())
        self._consumers = {}
        for name in queues:
            ready, consumers = self._declared(name)
            self._consumers[name] = consumers
            if ready and self._may_be_read(routes.known[name]):
                jobs, ready, others = self._peek(name, ready, read_eta)
                self._consumers[name] = others
                look.ready[name, 0] = jobs
            # What was not looked at counts as due.
            look.behind[name] = ready
        return look

    def ask(
        self,
        method: str,
        arguments: dict[str, Any],
        timeout: float,
        expected: Collection[str] = (),
    ) -> Answers:
        """Ask all workers at once, and wait until all have answered.

        Their number follows from the queues' consumers and from who answered the
        last time.

        Args:
            method: The command.
            arguments: Its arguments.
            timeout: Seconds that they have in all.
            expected: Names of the known workers.
        """
        mailbox = self._app.control.mailbox
        address = uuid.uuid4().hex
        answers = Answers()
        question = {
            "method": method,
            "arguments": arguments,
            "ticket": uuid.uuid4().hex,
            "reply_to": {
                "exchange": mailbox.reply_exchange.name,
                "routing_key": address,
            },
        }
        with self._connection.channel() as channel:
            queue = Queue(
                f"{address}.{mailbox.reply_exchange.name}",
                exchange=mailbox.reply_exchange,
                routing_key=address,
                durable=False,
                exclusive=True,
                auto_delete=True,
                expires=mailbox.reply_queue_expires,
            )

            def note(message: Any) -> None:
                note_answer(message, answers)

            with Consumer(channel, [queue], on_message=note, no_ack=True):
                serializer = self.forms.serializer
                publish(self._app, channel, question, timeout, serializer=serializer)
                begin = time.monotonic()
                while (spent := time.monotonic() - begin) < timeout:
                    is_complete = not self._silent(
                        answers
                    ) and answers.names.issuperset(expected)
                    limit = min(GRACE, timeout) if is_complete else timeout
                    if spent >= limit or not self._drain(limit - spent):
                        break
        answers.heard = len(answers.answers) + self._silent(answers)
        self.forms.is_unreadable |= answers.unreadable > 0
        return answers

    def _silent(self, answers: Answers) -> int:
        """Return how many workers read a queue and have not answered."""
        reading = Counter(
            queue
            for _, answer in answers.answers
            if isinstance(answer, dict)
            for queue in answer.get("queues", ())
        )
        without_queues = sum("queues" not in answer for _, answer in answers.answers)
        silent = [n - reading[queue] for queue, n in self._consumers.items()]
        return max(0, max(silent, default=0) - without_queues)

    def _declared(self, name: str) -> tuple[int, int]:
        """Count a queue's ready messages and consumers; 0 if it does not exist."""
        try:
            with self._connection.channel() as channel:
                declared = channel.queue_declare(name, passive=True)
        except NotFound:
            return 0, 0
        return declared.message_count, declared.consumer_count

    def _may_be_read(self, queue: Any) -> bool:
        """Return whether RabbitMQ confirms that this queue is a classic one.

        It does so by accepting a declaration that says so.
        """
        if queue.name not in self._is_classic:
            self._is_classic[queue.name] = self._ask_for_classic(queue)
        return self._is_classic[queue.name]

    def _ask_for_classic(self, queue: Any) -> bool:
        try:
            with self._connection.channel() as channel:
                arguments = channel.prepare_queue_arguments(
                    {**(queue.queue_arguments or {})},
                    expires=queue.expires,
                    message_ttl=queue.message_ttl,
                    max_length=queue.max_length,
                    max_length_bytes=queue.max_length_bytes,
                    max_priority=queue.max_priority,
                )
                if arguments.setdefault("x-queue-type", "classic") != "classic":
                    return False
                channel.queue_declare(
                    queue.name,
                    durable=queue.durable,
                    exclusive=queue.exclusive,
                    auto_delete=queue.auto_delete,
                    arguments=arguments,
                )
        except PreconditionFailed:
            return False
        return True

    def _peek(
        self, name: str, ready: int, read_eta: ReadEta
    ) -> tuple[list[Job], int, int]:
        """Return the oldest jobs, and how many messages and consumers remain."""
        jobs: list[Job] = []
        wanted = min(ready, self._most)

        def note(message: Any) -> None:
            headers = message.properties.get("application_headers") or {}
            key = (str(headers.get("id", "")), f"{name} {len(jobs)}")
            jobs.append(Job(key, frozenset([name]), read_times(headers, read_eta)))

        with self._connection.channel() as channel:
            channel.basic_qos(0, wanted, a_global=False)
            channel.basic_consume(name, callback=note, arguments={"x-priority": -10})
            while len(jobs) < wanted and self._drain(LULL):
                pass
            left, consumers = self._declared(name)
        return jobs, left, max(0, consumers - 1)

    def _drain(self, timeout: float) -> bool:
        """Wait for an event; return whether one came."""
        try:
            self._connection.drain_events(timeout=max(0.01, timeout))
        except socket.timeout:
            return False
        return True

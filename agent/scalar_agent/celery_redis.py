"""Read the jobs of an app whose broker is Redis.

Kombu keeps a list for each priority of a queue, and one hash for all queues with the
messages that workers hold unacknowledged. Only the worker itself knows a job that it
has acknowledged before running it.

The app's own channel names all keys, so its prefix, separators, priority steps,
database, TLS and sentinels are respected.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection
from typing import Any

from celery import Celery
from kombu import Queue
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_failover import connect_to_any
from scalar_agent.celery_looks import RedisLooks
from scalar_agent.celery_notes import KEPT, NOTES, Notes
from scalar_agent.celery_question import publish
from scalar_agent.celery_reply import note_answer

#: Seconds; short, because a reader is waiting for the counts.
SOCKET_TIMEOUT = 3.0
SOCKET_TIMEOUTS = {"socket_timeout": SOCKET_TIMEOUT}


#: Name prefix of a beat that listens to remote control, which Celery has since 5.7.
#: It gets every request and answers only this one.
BEAT = "celerybeat@"
PING_BEAT = {"method": "ping", "pattern": f"{BEAT}*", "matcher": "glob"}
#: Seconds that a beat has to answer if it was not known before.
BEAT_TIMEOUT = 0.2


class RedisBroker(RedisLooks):
    """One connection to an app's Redis; not thread-safe."""

    #: Redis knows the messages that workers hold unacknowledged.
    reports_unacked = True

    def __init__(self, app: Celery, most_messages: int) -> None:
        self._app: Any = app
        self._heard: list[int] = []
        self._has_beat = False
        options = {**app.conf.broker_transport_options, **SOCKET_TIMEOUTS}
        self._connection: Any = connect_to_any(app, SOCKET_TIMEOUT, options)
        channel: Any = self._connection.default_channel
        redis: Any = Redis(connection_pool=channel.pool)
        super().__init__(app, redis, channel, most_messages)
        _listen_to_publish(self._channel, self._heard)

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def workers(self) -> int:
        """Count the workers that listen to remote control, without asking them."""
        self._publish({"method": "ping", "destination": ["nobody"]})
        return sum(self._heard)

    def ask(
        self,
        method: str,
        arguments: dict[str, Any],
        timeout: float,
        expected: Collection[str] = (),  # noqa: ARG002 - Redis counts who listens
    ) -> Answers:
        """Ask all workers at once, and wait until all have answered.

        What fails is told by the answers: Redis may be full, or refuse it.

        Args:
            method: The command.
            arguments: Its arguments.
            timeout: Seconds that they have in all.
            expected: Ignored, since Redis counts the listeners.
        """
        answers = Answers()
        try:
            self._ask(answers, method, arguments, timeout)
        except ResponseError as error:
            answers.failure = f"Redis refuses to ask the workers: {_words(error)}"
        self._has_beat = answers.leave_out(BEAT)
        self.forms.is_unreadable |= answers.unreadable > 0
        return answers

    def _ask(
        self,
        answers: Answers,
        method: str,
        arguments: dict[str, Any],
        timeout: float,
    ) -> None:
        mailbox = self._mailbox
        address, ticket = uuid.uuid4().hex, uuid.uuid4().hex
        end = time.monotonic() + timeout
        queue = Queue(
            f"{address}.{mailbox.reply_exchange.name}",
            exchange=mailbox.reply_exchange,
            routing_key=address,
            durable=False,
            auto_delete=True,
            expires=mailbox.reply_queue_expires,
        )(self._channel)
        queue.declare()
        try:
            reply_to = {"exchange": mailbox.reply_exchange.name, "routing_key": address}
            to_me = {"ticket": ticket, "reply_to": reply_to}
            self._publish({"method": method, "arguments": arguments, **to_me}, timeout)
            answers.heard = sum(self._heard)
            is_beat_asked = self._has_beat
            if is_beat_asked:
                self._publish({**PING_BEAT, **to_me}, timeout)
            self._collect(answers, queue.name, end)
            if answers.silent > answers.unreadable and not is_beat_asked:
                self._publish({**PING_BEAT, **to_me}, timeout)
                self._collect(answers, queue.name, time.monotonic() + BEAT_TIMEOUT)
        finally:
            queue.delete()

    def write(self, notes: Notes) -> None:
        """Write what has changed in the notes; they are not worth an error."""
        key = self._key(NOTES)
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                if notes.changed:
                    pipe.hset(key, mapping=notes.changed)
                    pipe.expire(key, KEPT)
                if notes.dropped:
                    pipe.hdel(key, *notes.dropped)
                if len(pipe):
                    pipe.execute(raise_on_error=False)
        except RedisError:
            return

    def _collect(self, answers: Answers, queue: str, end: float) -> None:
        while (
            answers.silent > answers.unreadable and (left := end - time.monotonic()) > 0
        ):
            message = self._next_answer(queue, left)
            if message is not None:
                note_answer(message, answers)

    def _publish(self, question: dict[str, Any], timeout: float = 0) -> None:
        self._heard.clear()
        publish(
            self._app,
            self._channel,
            question,
            timeout,
            serializer=self.forms.serializer,
        )

    def _next_answer(self, queue: str, timeout: float) -> Any:
        """Wait for an answer with BLPOP, so that nobody takes us for a worker."""
        channel = self._channel
        keys = [
            self._key(channel._q_for_pri(queue, step))  # noqa: SLF001
            for step in channel.priority_steps
        ]
        got = self._redis.blpop(keys, timeout=max(0.01, timeout))
        return None if got is None else channel.message_to_python(json.loads(got[1]))


def _listen_to_publish(channel: Any, heard: list[int]) -> None:
    """Record Redis' reply to PUBLISH: how many clients got the message."""
    make_client = channel.Client

    def make_listening_client(**options: Any) -> Any:
        client = make_client(**options)
        client.set_response_callback(
            "PUBLISH", lambda receivers, **_: heard.append(receivers)
        )
        return client

    channel.Client = make_listening_client


def _words(error: ResponseError) -> str:
    """Return what Redis says, without anything that may be secret."""
    text = str(error)
    if "used memory" in text or text.startswith("OOM"):
        return "it is full (maxmemory)"
    if "permission" in text.lower() or text.startswith("NOPERM"):
        return "the user lacks a permission"
    return type(error).__name__

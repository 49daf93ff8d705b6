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
from typing import Any, Callable

from celery import Celery
from kombu import Queue
from redis import Redis
from redis.exceptions import ResponseError

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_found import Look, read_job
from scalar_agent.celery_question import publish
from scalar_agent.celery_routes import Routes

#: Seconds; short, because a reader is waiting for the counts.
SOCKET_TIMEOUTS = {"socket_connect_timeout": 3.0, "socket_timeout": 3.0}


#: Name prefix of a beat that listens to remote control, which Celery has since 5.7.
#: It gets every request and answers only this one.
BEAT = "celerybeat@"
PING_BEAT = {"method": "ping", "pattern": f"{BEAT}*", "matcher": "glob"}
#: Seconds that a beat has to answer if it was not known before.
BEAT_TIMEOUT = 0.2

#: Read everything at one moment, without the bodies: they are not needed and may be
#: large. The limits on messages and bytes, for each list and for the hash, bound how
#: long this blocks Redis.
#: KEYS: the lists, the hash, the set. ARGV: messages, bytes.
#: Returns, for each list, its length and its last messages, the last one first;
#: the hash's length and some of its fields and values; the set's size.
LOOK = """
local most, bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
local step = math.min(most, 100)
local result = {}

local function without_body(text)
    local _, start = string.find(text, '"body": ?"')
    local stop = start and string.find(text, '"', start + 1, true)
    if stop and string.sub(text, stop - 1, stop - 1) ~= '\\\\' then
        return string.sub(text, 1, start) .. string.sub(text, stop)
    end
    return text
end

for i = 1, #KEYS - 2 do
    local length, read, found = redis.call('LLEN', KEYS[i]), 0, {}
    while #found < math.min(most, length) and read < bytes do
        local first = math.min(#found + step, most, length)
        local messages = redis.call('LRANGE', KEYS[i], -first, -1 - #found)
        for j = #messages, 1, -1 do
            read = read + #messages[j]
            found[#found + 1] = without_body(messages[j])
        end
    end
    result[#result + 1] = length
    result[#result + 1] = found
end

local hash, cursor, read, found = KEYS[#KEYS - 1], '0', 0, {}
repeat
    local page = redis.call('HSCAN', hash, cursor, 'COUNT', step)
    cursor = page[1]
    for j = 1, #page[2], 2 do
        read = read + #page[2][j + 1]
        found[#found + 1] = page[2][j]
        found[#found + 1] = without_body(page[2][j + 1])
    end
until cursor == '0' or #found >= 2 * most or read >= bytes
result[#result + 1] = redis.call('HLEN', hash)
result[#result + 1] = found
result[#result + 1] = redis.call('SCARD', KEYS[#KEYS])
return result
"""

#: Stop reading a list or the hash after this many bytes.
MOST_BYTES = 4_000_000


class RedisBroker:
    """One connection to an app's Redis; not thread-safe."""

    #: Redis knows the messages that workers hold unacknowledged.
    reports_unacked = True

    def __init__(self, app: Celery, most_messages: int) -> None:
        self._app: Any = app
        control: Any = app.control
        self._mailbox: Any = control.mailbox
        self._most = most_messages
        self._heard: list[int] = []
        self._has_beat = False
        options = {**app.conf.broker_transport_options, **SOCKET_TIMEOUTS}
        self._connection: Any = app.connection_for_read(transport_options=options)
        self._connection.ensure_connection(max_retries=0)
        channel: Any = self._connection.default_channel
        self._channel = channel
        self._redis: Any = Redis(connection_pool=channel.pool)
        _listen_to_publish(self._channel, self._heard)

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def look(
        self,
        queues: Collection[str],
        routes: Routes,
        read_eta: Callable[[str], float],
    ) -> Look:
        """Return the waiting and the unacknowledged jobs at one moment."""
        channel, most = self._channel, self._most
        prefix = channel.global_keyprefix
        lists = [
            (queue, step, prefix + channel._q_for_pri(queue, step))  # noqa: SLF001
            for queue in queues
            for step in channel.priority_steps
        ]
        keys = [key for _, _, key in lists]
        keys.append(prefix + channel.unacked_key)
        keys.append(prefix + channel.keyprefix_queue % self._mailbox.exchange.name)
        answers = iter(self._redis.eval(LOOK, len(keys), *keys, most, MOST_BYTES))

        look = Look()
        for queue, step, _ in lists:
            length, messages = next(answers), next(answers)
            look.unread[queue] += length - len(messages)
            look.ready[queue, step] = [
                read_job(
                    _loads(text),
                    frozenset([queue]),
                    f"{queue} {step} {length - place}",
                    read_eta,
                )
                for place, text in enumerate(messages)
            ]
        total, pairs = next(answers), next(answers)
        values = dict(zip(pairs[::2], pairs[1::2]))
        look.unread_unacked = max(0, total - len(values))
        for tag, value in values.items():
            message, exchange, routing_key = _loads(value) or (None, "", "")
            found = routes.queues(exchange, routing_key)
            look.unacked.append(read_job(message, found, str(tag), read_eta))
        look.listed = next(answers)
        return look

    def workers(self) -> int:
        """Count the workers that listen to remote control, without asking them."""
        self._publish({"method": "ping", "destination": ["nobody"]})
        return sum(self._heard)

    def has_consumer(self) -> bool:
        """Return whether a client last waited for a job, and no longer does.

        That is a worker that shuts down or is full, of any app that uses the same
        database. If Redis refuses to list its clients, assume that there is none.
        """
        db = self._redis.connection_pool.connection_kwargs.get("db") or 0
        try:
            clients = self._redis.client_list()
        except ResponseError:
            return False
        return any(
            client.get("cmd") == "brpop"
            and "b" not in client.get("flags", "")
            and client.get("db") == str(db)
            for client in clients
        )

    def ask(
        self,
        method: str,
        arguments: dict[str, Any],
        timeout: float,
        expected: Collection[str] = (),  # noqa: ARG002 - Redis counts who listens
    ) -> Answers:
        """Ask all workers at once, and wait until all have answered.

        Args:
            method: The command.
            arguments: Its arguments.
            timeout: Seconds that they have in all.
            expected: Ignored, since Redis counts the listeners.
        """
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
            answers = Answers(sum(self._heard))
            is_beat_asked = self._has_beat
            if is_beat_asked:
                self._publish({**PING_BEAT, **to_me}, timeout)
            self._collect(answers, queue.name, end)
            if answers.silent and not is_beat_asked:
                self._publish({**PING_BEAT, **to_me}, timeout)
                self._collect(answers, queue.name, time.monotonic() + BEAT_TIMEOUT)
        finally:
            queue.delete()
        self._has_beat = answers.leave_out(BEAT)
        return answers

    def _collect(self, answers: Answers, queue: str, end: float) -> None:
        while answers.silent and (left := end - time.monotonic()) > 0:
            answers.answers += self._next_answer(queue, left)

    def _publish(self, question: dict[str, Any], timeout: float = 0) -> None:
        self._heard.clear()
        publish(self._app, self._channel, question, timeout)

    def _next_answer(self, queue: str, timeout: float) -> list[tuple[str, Any]]:
        channel = self._channel
        keys = [
            channel.global_keyprefix + channel._q_for_pri(queue, step)  # noqa: SLF001
            for step in channel.priority_steps
        ]
        got = self._redis.brpop(keys, timeout=max(0.01, timeout))
        if got is None:
            return []
        message = channel.message_to_python(json.loads(got[1]))
        return list(message.decode().items())


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


def _loads(message: bytes) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None

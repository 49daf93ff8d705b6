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
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any, Optional

from celery import Celery
from kombu import Queue
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from scalar_agent.celery_answers import Answers
from scalar_agent.celery_bindings import Bindings
from scalar_agent.celery_found import Job, Look
from scalar_agent.celery_lists import ListMemory
from scalar_agent.celery_lua import LOOK
from scalar_agent.celery_message import ReadEta, read_job
from scalar_agent.celery_notes import KEPT, NOTES, Notes
from scalar_agent.celery_question import publish
from scalar_agent.celery_reply import Forms, note_answer
from scalar_agent.celery_routes import BROADCAST, Routes
from scalar_agent.celery_server import Server, as_text
from scalar_agent.celery_unacked import Unacked

#: Seconds; short, because a reader is waiting for the counts.
SOCKET_TIMEOUTS = {"socket_connect_timeout": 3.0, "socket_timeout": 3.0}


#: Name prefix of a beat that listens to remote control, which Celery has since 5.7.
#: It gets every request and answers only this one.
BEAT = "celerybeat@"
PING_BEAT = {"method": "ping", "pattern": f"{BEAT}*", "matcher": "glob"}
#: Seconds that a beat has to answer if it was not known before.
BEAT_TIMEOUT = 0.2

#: Stop reading a list's oldest messages after this many bytes.
MOST_BYTES = 4_000_000
#: Messages of lists, beyond the oldest, to read in one look. One with an ETA or an
#: expiry counts three times.
MOST_OTHERS = 50_000
#: The queues of a message whose place is remembered instead.
NOWHERE: frozenset[str] = frozenset()
#: Delivery tags to read: in the first look of a poll, in the second.
FEW_TAGS, MANY_TAGS = 5_000, 200_000
#: Unacknowledged messages to read in one look, and after the second one.
MOST_WANTED, MOST_AT_ONCE = 5_000, 34_000


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
        self._lists: dict[str, ListMemory] = defaultdict(ListMemory)
        self.unacked = Unacked()
        self._wanted: list[bytes] = []
        self._has_beat = False
        options = {**app.conf.broker_transport_options, **SOCKET_TIMEOUTS}
        self._connection: Any = app.connection_for_read(transport_options=options)
        self._connection.ensure_connection(max_retries=0)
        channel: Any = self._connection.default_channel
        self._channel = channel
        self._redis: Any = Redis(connection_pool=channel.pool)
        self._redis.set_response_callback("INFO", lambda text, **_: text)
        self._redis.set_response_callback("CLIENT LIST", lambda text, **_: text)
        options = self._redis.connection_pool.connection_kwargs
        self._db = int(options.get("db") or 0)
        self.server = Server()
        self.forms = Forms(app.conf.task_serializer)
        self.bindings = Bindings(self._redis, self._binding_key, channel.sep)
        _listen_to_publish(self._channel, self._heard)

    def close(self) -> None:
        """Close the connection."""
        self._connection.release()

    def look(
        self,
        queues: Collection[str],
        routes: Routes,
        read_eta: ReadEta,
        earlier: Optional[Look] = None,
    ) -> Look:
        """Return the waiting and the unacknowledged jobs at one moment.

        Args:
            queues: The queues to look at.
            routes: Where messages go.
            read_eta: Reads an ETA.
            earlier: The first look of the same poll. After the second one,
                unacknowledged messages that are still unknown are read.
        """
        look = self._look(queues, read_eta, earlier)
        if earlier and self._wanted:
            script = self._arguments([], 0, self._wanted[:MOST_AT_ONCE])
            gone = self._learn(self._redis.eval(*script)[5], read_eta)
            look.tags = [tag for tag in look.tags if tag not in gone]
            self._wanted = self.unacked.unknown(look.tags)
            look.unread_unacked = len(self._wanted)
        if earlier:
            self.unacked.keep_only([*look.tags, *earlier.tags])
        places = self.unacked.places()
        routes.learn(self.bindings.of({x for x, key in places if not routes.queues(x, key)}))
        return look

    def _look(
        self,
        queues: Collection[str],
        read_eta: ReadEta,
        earlier: Optional[Look],
    ) -> Look:
        channel = self._channel
        lists = [
            (queue, step, channel._q_for_pri(queue, step))  # noqa: SLF001
            for queue in queues
            for step in channel.priority_steps
        ]
        names = [name for _, _, name in lists]
        most_tags = MANY_TAGS if earlier else FEW_TAGS
        script = self._arguments(names, most_tags, self._wanted[:MOST_WANTED])
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.eval(*script)
            pipe.execute_command("INFO", "server")
            pipe.execute_command("CLIENT LIST")
            found, info, clients = pipe.execute(raise_on_error=False)
        if isinstance(found, Exception):
            raise found
        self.server = Server.of(info, clients, self._db)
        answers = iter(found)
        look = Look(_seconds(next(answers)), notes=_pairs(next(answers)))
        look.listed, total, look.tags = next(answers), next(answers), next(answers)
        self._learn(next(answers), read_eta)
        for queue, step, name in lists:
            self._read_list(look, queue, step, name, answers, read_eta)
        self._wanted = self.unacked.unknown(look.tags)
        look.unread_unacked = total - len(look.tags) + len(self._wanted)
        return look

    def _arguments(
        self, names: list[str], most_tags: int, wanted: Collection[bytes]
    ) -> list[Any]:
        """Return the script, its keys and its arguments."""
        channel = self._channel
        keys = [
            *names,
            channel.unacked_key,
            channel.unacked_index_key,
            channel.keyprefix_queue % self._mailbox.exchange.name,
            NOTES,
        ]
        known = (self._lists[name] for name in names)
        return [
            LOOK,
            len(keys),
            *(self._key(key) for key in keys),
            *(self._most, MOST_BYTES, MOST_OTHERS, most_tags),
            *(part for memory in known for part in (memory.newest, memory.known)),
            *wanted,
        ]

    def _read_list(
        self,
        look: Look,
        queue: str,
        step: int,
        name: str,
        answers: Iterator[Any],
        read_eta: ReadEta,
    ) -> None:
        length, oldest, newest, new, known, special = (next(answers) for _ in range(6))
        here = frozenset([queue])
        look.lengths[queue] += length
        look.ready[queue, step] = [
            self._job(text, here, f"{queue} {step} {length - place}", read_eta)
            for place, text in enumerate(oldest)
        ]
        memory = self._lists[name]
        memory.note(
            as_text(newest),
            new,
            known,
            [
                (place, self._job(text, here, "", read_eta).times)
                for place, text in zip(special[::2], special[1::2])
            ],
        )
        etas = [times for times in memory.special() if not times.is_due(look.at)]
        dead = sum(times.has_expired(look.at) for times in memory.special())
        look.behind[queue] += memory.known - len(etas) - dead
        look.behind_etas += [(queue, times.eta) for times in etas if times.eta]
        look.unread[queue] += length - len(oldest) - memory.known

    def _job(
        self, text: bytes, queues: frozenset[str], place: str, read_eta: ReadEta
    ) -> Job:
        message = _loads(text)
        if isinstance(message, dict):
            self.forms.note(message.get("content-type"))
        return read_job(message, queues, place, read_eta)

    def _learn(self, pairs: list[bytes], read_eta: ReadEta) -> set[bytes]:
        """Remember unacknowledged messages; return the tags that are gone."""
        gone: set[bytes] = set()
        for tag, value in zip(pairs[::2], pairs[1::2]):
            if value == b"-":
                gone.add(tag)
                continue
            loaded = _loads(value) if value else None
            if not isinstance(loaded, list) or len(loaded) != 3:
                self.unacked.learn(tag, ("", ""), None)
                continue
            message, exchange, routing_key = loaded
            if isinstance(message, dict):
                self.forms.note(message.get("content-type"))
            job = read_job(message, NOWHERE, as_text(tag), read_eta)
            self.unacked.learn(tag, (str(exchange), str(routing_key)), job)
        return gone

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

    def queue_names(self, rounds: int, most_keys: int) -> set[str]:
        """Return the queues that are bound in Redis, but for those of answers.

        Args:
            rounds: How often to ask for more keys.
            most_keys: How many keys Redis looks at each time.
        """
        separator, names, cursor = self._channel.sep, set[str](), 0
        try:
            for _ in range(rounds):
                cursor, found = self._redis.scan(
                    cursor, self._binding_key("*"), most_keys, "set"
                )
                with self._redis.pipeline(transaction=False) as pipe:
                    keys = [as_text(key) for key in found]
                    keys = [x for x in keys if ".pidbox" not in x and "celeryev" not in x]
                    for key in keys:
                        pipe.smembers(key)
                    for key, members in zip(keys, pipe.execute()):
                        bound = {as_text(x).split(separator)[-1] for x in members}
                        if any(name.startswith(BROADCAST) for name in bound):
                            bound = {key[len(self._binding_key("")) :]}
                        names |= bound
                if not cursor:
                    break
        except ResponseError:
            pass  # it does not say
        return names

    def lengths(self, queues: list[str]) -> dict[str, int]:
        """Return how many messages wait in some queues."""
        steps = self._channel.priority_steps
        with self._redis.pipeline(transaction=False) as pipe:
            for queue in queues:
                for step in steps:
                    name = self._channel._q_for_pri(queue, step)  # noqa: SLF001
                    pipe.llen(self._key(name))
            found = iter(pipe.execute(raise_on_error=False))
        totals = {queue: [next(found) for _ in steps] for queue in queues}
        return {
            queue: sum(part for part in parts if isinstance(part, int))
            for queue, parts in totals.items()
        }

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
            self._app, self._channel, question, timeout, serializer=self.forms.serializer
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

    def _binding_key(self, exchange: str) -> str:
        return self._key(self._channel.keyprefix_queue % exchange)

    def _key(self, name: str) -> str:
        return str(self._channel.global_keyprefix) + name


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


def _seconds(time_of_redis: list[bytes]) -> float:
    seconds, micros = time_of_redis
    return int(seconds) + int(micros) / 1e6


def _pairs(fields: list[bytes]) -> dict[str, str]:
    texts = [as_text(field) for field in fields]
    return dict(zip(texts[::2], texts[1::2]))


def _words(error: ResponseError) -> str:
    """Return what Redis says, without anything that may be secret."""
    text = str(error)
    if "used memory" in text or text.startswith("OOM"):
        return "it is full (maxmemory)"
    if "permission" in text.lower() or text.startswith("NOPERM"):
        return "the user lacks a permission"
    return type(error).__name__

"""Look at an app's lists and hashes in Redis.

Kombu keeps a list for each priority of a queue, and one hash for all queues with the
messages that workers hold unacknowledged. What a look has read is remembered.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Optional

from redis.exceptions import ResponseError

from scalar_agent.celery_bindings import Bindings
from scalar_agent.celery_found import Job, Look
from scalar_agent.celery_lists import ListMemory
from scalar_agent.celery_lua import LOOK
from scalar_agent.celery_message import ReadEta, read_job
from scalar_agent.celery_notes import NOTES
from scalar_agent.celery_reply import Forms
from scalar_agent.celery_routes import BROADCAST, Routes
from scalar_agent.celery_server import Server, as_text
from scalar_agent.celery_unacked import Unacked

#: Stop reading a list's oldest messages after this many bytes.
MOST_BYTES = 4_000_000
#: Messages of lists, beyond the oldest, to read in one look. One with an ETA or an
#: expiry counts three times.
MOST_OTHERS = 50_000
#: How the names of exchanges end that are not for jobs.
OF_CELERY = (".pidbox", "celeryev")
#: The queues of a message whose place is remembered instead.
NOWHERE: frozenset[str] = frozenset()
#: Delivery tags to read: in the first look of a poll, in the second.
FEW_TAGS, MANY_TAGS = 5_000, 200_000
#: Unacknowledged messages to read in one look, and after the second one.
MOST_WANTED, MOST_AT_ONCE = 5_000, 34_000


class RedisLooks:
    """Reads the jobs in Redis; not thread-safe.

    Attributes:
        server: What Redis said of itself in the last look.
        unacked: What is known of the messages that workers hold.
        forms: In which form the app's workers are to be asked.
    """

    def __init__(self, app: Any, redis: Any, channel: Any, most_messages: int) -> None:
        self._redis = redis
        self._redis.set_response_callback("INFO", lambda text, **_: text)
        self._redis.set_response_callback("CLIENT LIST", lambda text, **_: text)
        self._channel = channel
        self._mailbox: Any = app.control.mailbox
        self._most = most_messages
        options = redis.connection_pool.connection_kwargs
        self._db = int(options.get("db") or 0)
        self._lists: dict[str, ListMemory] = defaultdict(ListMemory)
        self._read: dict[str, dict[bytes, Job]] = defaultdict(dict)
        self.unacked = Unacked()
        self._wanted: list[bytes] = []
        self.server = Server()
        self.forms = Forms(app.conf.task_serializer)
        self.bindings = Bindings(redis, self._binding_key, channel.sep)

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
        self.learn(routes, self.unacked.places())
        return look

    def learn(self, routes: Routes, places: Iterable[tuple[str, str]]) -> None:
        """Let the routes know bindings in Redis that the app's settings lack.

        Args:
            routes: Where messages go.
            places: Exchanges and routing keys of messages.
        """
        unbound = {x for x, key in places if not routes.queues(x, key)}
        routes.learn(self.bindings.of(unbound))

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
            self._read_list(look, (queue, step), name, answers, read_eta)
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
        at: tuple[str, int],
        name: str,
        answers: Iterator[Any],
        read_eta: ReadEta,
    ) -> None:
        queue, step = at
        length, oldest, newest, new, known, special = (next(answers) for _ in range(6))
        here = frozenset([queue])
        look.lengths[queue] += length
        # Most of them were read before, and a message does not change.
        read, jobs = self._read[name], list[Job]()
        for place, text in enumerate(oldest):
            job = read.get(text)
            if job is None:
                where = f"{queue} {step} {length - place}"
                job = self._job(text, here, where, read_eta)
            jobs.append(job)
        self._read[name] = {x: job for x, job in zip(oldest, jobs) if job.key[0]}
        look.ready[queue, step] = jobs
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
            loaded: Any = _loads(value) if value else None
            try:
                message, exchange, routing_key = loaded
            except (TypeError, ValueError):
                self.unacked.learn(tag, ("", ""), None)
                continue
            if isinstance(message, dict):
                self.forms.note(message.get("content-type"))
            job = read_job(message, NOWHERE, as_text(tag), read_eta)
            self.unacked.learn(tag, (str(exchange), str(routing_key)), job)
        return gone

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
                    keys = [
                        x for x in keys if ".pidbox" not in x and "celeryev" not in x
                    ]
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

    def _binding_key(self, exchange: str) -> str:
        return self._key(self._channel.keyprefix_queue % exchange)

    def _key(self, name: str) -> str:
        return str(self._channel.global_keyprefix) + name


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

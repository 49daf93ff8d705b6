"""Put evaluations on the queue through Celery."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from celery import Celery, Task
from celery.utils import uuid
from kombu.exceptions import KombuError
from redis import RedisError

from scalar.core.app import AppKey
from scalar.core.errors import CoordinationError

#: Messages of one round trip.
BATCH = 500
#: What stands in the pattern of a message where each has its own.
ID, BODY = "the id of the message", "the body of the message"


class CeleryPublisher:
    """The `Publisher` of the fan-out.

    A message carries the app's number, name and revision and the tick's token,
    nothing else; no arguments are repeated in its headers. Whether it came in time
    is told by the reservation of its app.
    """

    def __init__(self, app: Celery, task: Task[..., None]) -> None:
        self._app = app
        self._task = task
        self._queue = app.conf.task_default_queue

    def waiting(self) -> int:
        """Return how many evaluations no worker has taken yet.

        Raises:
            CoordinationError: The broker is away.
        """
        with self._channel() as channel, channel.conn_or_acquire() as client:
            return int(client.llen(self._queue))

    def publish(self, keys: Sequence[AppKey], token: str) -> None:
        """Enqueue one evaluation for each app.

        Raises:
            CoordinationError: The broker is away. There is no second try: the
                next tick is the retry.
        """
        if not keys:
            return
        with self._channel() as channel, channel.conn_or_acquire() as client:
            pattern, embedded = self._pattern(channel)
            for start in range(0, len(keys), BATCH):
                some = keys[start : start + BATCH]
                texts = [_filled_in(pattern, key, token, embedded) for key in some]
                client.lpush(self._queue, *texts)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        try:
            with self._app.producer_or_acquire() as producer:
                yield producer.channel
        except (KombuError, RedisError, OSError) as exc:
            raise CoordinationError(f"The broker does not answer: {exc}") from exc

    def _pattern(self, channel: Any) -> tuple[str, Any]:
        """Return a whole message as kombu writes it, to be filled in.

        And what Celery has in its body beside the arguments.

        All messages of a tick are alike but for their id and their arguments, so
        Celery and kombu make one; to let them make each costs ten times as much.
        """
        message = self._app.amqp.as_task_v2(
            ID, self._task.name, argsrepr="", kwargsrepr="", ignore_result=True
        )
        whole = channel.prepare_message(
            BODY,
            content_type="application/json",
            content_encoding="utf-8",
            headers=message.headers,
            properties={**message.properties, "delivery_mode": 2},
        )
        whole["properties"] |= {
            "body_encoding": "base64",
            "delivery_tag": ID,
            "delivery_info": {"exchange": "", "routing_key": self._queue},
        }
        return json.dumps(whole), message.body[-1]


def _filled_in(pattern: str, key: AppKey, token: str, embedded: Any) -> str:
    """Return the message of one app; its id serves as its delivery tag, too."""
    call = [[key.id, key.name, key.revision, token], {}, embedded]
    body = base64.b64encode(json.dumps(call).encode()).decode()
    return pattern.replace(ID, uuid()).replace(BODY, body)

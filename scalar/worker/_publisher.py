"""Publish evaluations to the queue, as Celery messages."""

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

#: Messages per round trip.
BATCH_SIZE = 500
#: Placeholders in the template of a message.
ID, BODY = "the id of the message", "the body of the message"
#: The header of a slow app's evaluation.
SLOW = "scalar_slow"


class CeleryPublisher:
    """The `Publisher` of the fan-out, over Celery's broker.

    A message carries the app key (id, name and revision) and the tick's token; its
    headers do not repeat the arguments. Delivery is at most once; the reservation of
    the app decides whether a message arrived in time.
    """

    def __init__(self, app: Celery, task: Task[..., None]) -> None:
        self._app = app
        self._task = task
        self._queue = app.conf.task_default_queue

    def waiting(self) -> int:
        """Return how many evaluations are queued and not yet taken by a worker.

        Raises:
            CoordinationError: The broker is unavailable.
        """
        with self._channel() as channel, channel.conn_or_acquire() as client:
            return int(client.llen(self._queue))

    def publish(
        self, app_keys: Sequence[AppKey], token: str, *, slow: bool = False
    ) -> None:
        """Enqueue one evaluation per app.

        A header marks those of slow apps; workers of older versions ignore it.

        Raises:
            CoordinationError: The broker is unavailable. There is no retry: the next
                tick is the retry.
        """
        if not app_keys:
            return
        with self._channel() as channel, channel.conn_or_acquire() as client:
            template, embedded = self._template(channel, slow=slow)
            for start in range(0, len(app_keys), BATCH_SIZE):
                batch = app_keys[start : start + BATCH_SIZE]
                texts = [_fill(template, app_key, token, embedded) for app_key in batch]
                client.lpush(self._queue, *texts)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        channel: Any = None
        try:
            with self._app.producer_or_acquire() as producer:
                channel = producer.channel
                yield channel
        except (KombuError, RedisError, OSError) as exc:
            if channel is not None:  # after a failover the URL leads elsewhere
                channel.disconnect()
            raise CoordinationError(f"The broker does not answer: {exc}") from exc

    def _template(self, channel: Any, *, slow: bool) -> tuple[str, Any]:
        """Return the template of a message, and the embedded options of its body.

        The messages of a tick differ only in their id and arguments. So Celery and
        kombu make one, with placeholders; making each costs ten times as much.
        """
        message = self._app.amqp.as_task_v2(
            ID, self._task.name, argsrepr="", kwargsrepr="", ignore_result=True
        )
        whole = channel.prepare_message(
            BODY,
            content_type="application/json",
            content_encoding="utf-8",
            headers={**message.headers, SLOW: True} if slow else message.headers,
            properties={**message.properties, "delivery_mode": 2},
        )
        whole["properties"] |= {
            "body_encoding": "base64",
            "delivery_tag": ID,
            "delivery_info": {"exchange": "", "routing_key": self._queue},
        }
        return json.dumps(whole), message.body[-1]


def _fill(template: str, app_key: AppKey, token: str, embedded: Any) -> str:
    """Return the message of one app; its id is also its delivery tag."""
    call = [[app_key.id, app_key.name, app_key.revision, token], {}, embedded]
    body = base64.b64encode(json.dumps(call).encode()).decode()
    return template.replace(ID, uuid()).replace(BODY, body)

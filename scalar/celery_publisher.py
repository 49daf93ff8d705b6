"""Put evaluations on the queue through Celery."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Celery, Task
from celery.utils import uuid
from kombu import Producer
from kombu.exceptions import KombuError

from scalar.errors import CoordinationError
from scalar.ports import AppKey

#: Messages of one round trip.
BATCH = 500


class CeleryPublisher:
    """The `Publisher` of the fan-out.

    A message carries the app's number, name and revision and the tick's token,
    nothing else; no arguments are repeated in its headers.
    """

    def __init__(self, app: Celery, task: Task[..., None], seconds: float) -> None:
        self._app = app
        self._task = task
        self._seconds = seconds

    def publish(self, keys: Sequence[AppKey], token: str) -> None:
        """Enqueue one evaluation for each app; it expires with the period.

        Raises:
            CoordinationError: The broker is away. There is no second try: the
                next tick is the retry.
        """
        if not keys:
            return
        try:
            with (
                self._app.producer_or_acquire() as producer,
                producer.batch(max_size=BATCH),
            ):
                for key in keys:
                    self._send(producer, key, token)
        except (KombuError, OSError) as exc:
            raise CoordinationError(f"The broker does not answer: {exc}") from exc

    def _send(self, producer: Producer, key: AppKey, token: str) -> None:
        """Send one message: Celery builds it, kombu sends it.

        `apply_async` would look up the route, the queue and the settings anew for
        each of them, which costs three times as much as all the rest.
        """
        message = self._app.amqp.as_task_v2(
            uuid(),
            self._task.name,
            (key.id, key.name, key.revision, token),
            expires=self._seconds,
            argsrepr="",
            kwargsrepr="",
        )
        producer.publish(
            message.body,
            routing_key=self._app.conf.task_default_queue,
            serializer=self._app.conf.task_serializer,
            headers=message.headers,
            retry=False,
            **message.properties,
        )

"""Our Celery app with parts of Celery, kombu and redis-py in place of our own.

Only for `benchmarks.celery_parts`, whose workers run with `-A benchmarks.stock_parts`;
the variable STOCK_PARTS names the parts, separated by commas.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from redis.commands.core import Script

from scalar import worker
from scalar.adapters.redis import coordinator
from scalar.core.app import AppKey
from scalar.tasks import app, poll_and_scale
from scalar.worker import _publisher, _transport

VARIABLE = "STOCK_PARTS"
#: Options that keep the arguments out of a message's headers, as ours does.
WITHOUT_REPEATING: dict[str, Any] = {"argsrepr": "", "kwargsrepr": ""}


class GuardedChannel(_transport.Channel):
    """Kombu's channel, which takes one message at a time, with only our guard added.

    Without the guard a forged message ends a worker, so that would not compare.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.QoS = virtual.QoS  # type: ignore[assignment] # as in ours

    def _brpop_read(self, **options: Any) -> Any:
        with self._skipping_unreadable():
            redis.Channel._brpop_read(self, **options)  # type: ignore[attr-defined] # noqa: SLF001 - as in ours
        return True


class GuardedTransport(_transport.Transport):
    """Kombu's Redis transport with that channel."""

    Channel = GuardedChannel


class ApplyAsync(_publisher.CeleryPublisher):
    """A publisher that lets Celery build each message; kombu sends them in batches."""

    def publish(
        self, app_keys: Sequence[AppKey], token: str, *, slow: bool = False
    ) -> None:
        """Enqueue one evaluation for each app."""
        size = _publisher.BATCH_SIZE
        with (
            self._app.producer_or_acquire() as producer,
            producer.batch(max_size=size),
        ):
            for app_key in app_keys:
                self._task.apply_async(
                    (app_key.id, app_key.name, app_key.revision, token),
                    producer=producer,
                    retry=False,
                    headers={_publisher.SLOW: "1"} if slow else {},
                    **WITHOUT_REPEATING,
                )


class PlainScripts:
    """Runs scripts as redis-py does: each call takes a connection from the pool."""

    def __init__(self, pool: object) -> None:
        del pool

    def run(self, script: Script, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        """Run a script, and return its answer."""
        return script(keys=keys, args=args)


def _stock_transport() -> None:
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:GuardedTransport"


def _stock_request() -> None:
    poll_and_scale.Request = "celery.worker.request:Request"


def _stock_pool() -> None:
    app.conf.worker_pool = "threads"


def _stock_publisher() -> None:
    worker.CeleryPublisher = ApplyAsync  # type: ignore[misc] # the switch


def _stock_scripts() -> None:
    coordinator.ScriptBatcher = PlainScripts  # type: ignore[assignment,attr-defined] # the switch


SWITCHES: dict[str, Callable[[], None]] = {
    "transport": _stock_transport,
    "request": _stock_request,
    "pool": _stock_pool,
    "publisher": _stock_publisher,
    "script batcher": _stock_scripts,
}

for _name in filter(None, os.environ.get(VARIABLE, "").split(",")):
    SWITCHES[_name]()

"""Very many waiting jobs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from redis import Redis

from agent.tests.situations.facts import Scene, Truth
from agent.tests.situations.place import THREADS, App, Place
from agent.tests.situations.waiting import wait_until

#: Messages in one round trip.
BATCH = 5_000
QUEUE = "celery"


def send_many(app: App, number: int) -> float:
    """Send copies of a real message, each with ids of its own.

    The queue must be empty and have no consumer. Return the time when the first
    one was sent.
    """
    began = app.send()
    with Redis.from_url(app.settings.url) as redis:
        text = redis.lindex(QUEUE, 0)
        message = json.loads(text)
        ids = message["headers"]["id"], message["properties"]["delivery_tag"]
        for begin in range(1, number, BATCH):
            numbers = range(begin, min(begin + BATCH, number))
            redis.lpush(QUEUE, *(_copy(text, ids) for _ in numbers))
        wait_until(lambda: redis.llen(QUEUE) == number, f"{number} jobs wait")
    return began


def _copy(text: bytes, ids: tuple[str, ...]) -> bytes:
    for id_ in ids:
        text = text.replace(id_.encode(), str(uuid.uuid4()).encode())
    return text


def queued_behind_a_worker(number: int, *, acks_late: bool) -> Callable[[Place], Scene]:
    """Return a situation: many jobs, of which a worker runs 2 and prefetches some.

    With 0 the worker is idle.
    """

    def set_up(place: Place) -> Scene:
        app = place.app(acks_late=acks_late)
        if number:
            send_many(app, number)
        app.worker(*THREADS)
        if number:
            app.wait_running(2)
            app.wait_unacked(8)
        truth = Truth({"worker": number}, is_crowded=True)
        return Scene(app, {"worker": (QUEUE,)}, truth)

    return set_up

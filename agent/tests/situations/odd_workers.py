"""Workers that are not heard, or hold more than the broker knows."""

from __future__ import annotations

from collections.abc import Callable

from redis import Redis

from agent.tests.situations.facts import Knowable, Scene, Truth
from agent.tests.situations.place import PREFORK, THREADS, App, Place
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.with_worker import ASK_BUSY, BUSY, NO_STRANDED
from agent.tests.situations.without_worker import CELERY
from scalar_agent.celery_answers import CLOSING


def forgotten(*, acks_late: bool) -> Callable[[Place], Scene]:
    """Return a situation: Redis restarts empty, and a worker runs 2 all the same."""

    def set_up(place: Place) -> Scene:
        server = place.own_redis()
        app = place.app(url=server.url, acks_late=acks_late, starts_fast=False)
        app.worker(*THREADS)
        app.send(2)
        app.wait_running(2)
        truth = Truth({"worker": 2}, knowable=Knowable.NO, at_least={"worker": 0})
        return Scene(
            app, CELERY, truth, ASK_BUSY, spoil=server.restart, before={"worker": 2}
        )

    return set_up


def back(place: Place) -> Scene:
    """A worker runs 2, acknowledged early, and has reconnected since the restart."""
    server = place.own_redis()
    app = place.app(url=server.url, starts_fast=False)
    app.worker(*THREADS)
    app.send(2)
    app.wait_running(2)

    def spoil() -> None:
        server.restart()
        with Redis.from_url(server.url) as redis:
            wait_until(lambda: redis.pubsub_numpat() > 0, "the worker listens again")

    truth = Truth({"worker": 2}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth, ASK_BUSY, spoil=spoil, before={"worker": 2})


def unheard(place: Place) -> Scene:
    """A worker without remote control runs 2, which it has acknowledged."""
    app = place.app()
    app.worker(*THREADS, is_answering=False)
    app.send(2)
    app.wait_running(2)
    app.wait_unacked(0)
    truth = Truth({"worker": 2}, knowable=Knowable.NO, at_least={"worker": 0})
    return Scene(app, CELERY, truth)


def mixed(place: Place) -> Scene:
    """2 run of a task that acknowledges early and that only the worker knows."""
    app = place.app(acks_late=True)
    app.worker(*THREADS, is_mixed=True)
    app.send(2, task="hold_early")
    app.wait_running(2)
    app.wait_unacked(0)
    return Scene(app, CELERY, Truth({"worker": 2}, stranded=NO_STRANDED))


def hidden(place: Place) -> Scene:
    """A worker runs 1 and hangs. Redis has given it another, which is nowhere."""
    app = place.app(acks_late=True)
    worker = app.worker("--pool=prefork", "--concurrency=1")
    app.send()
    app.wait_running(1)
    app.wait_unacked(1)
    with Redis.from_url(place.url) as redis:
        wait_until(lambda: _waits(redis), "it waits for another")
        worker.freeze()
        app.send()
        wait_until(lambda: redis.llen("celery") == 0, "Redis has given it away")
    truth = Truth(
        {"worker": 2},
        knowable=Knowable.NO,
        at_least={"worker": 1},
        stranded=NO_STRANDED,
    )
    return Scene(app, CELERY, truth)


def full(place: Place) -> Scene:
    """1 runs and 5 wait in a Redis that takes no more."""
    server = place.own_redis()
    app = place.app(url=server.url, acks_late=True, prefetch=1)
    app.worker("--pool=threads", "--concurrency=1")
    app.send(6)
    app.wait_running(1)
    app.wait_unacked(1)
    redis = Redis.from_url(server.url)
    place.at_the_end(redis.close)

    def spoil() -> None:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", 100_000)

    return Scene(app, CELERY, Truth({"worker": 6}), spoil=spoil, before={"worker": 6})


def ended(place: Place) -> Scene:
    """worker.1 runs 1, and worker.2, which ran nothing, has ended as it should."""
    app = place.app()
    app.worker(*THREADS)
    app.send()
    app.wait_running(1)
    other = app.worker(*THREADS, dyno="worker.2")

    def spoil() -> None:
        other.begin_shutdown()
        other.wait_ended()

    truth = Truth({"worker": 1}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth, ASK_BUSY, spoil=spoil, before={"worker": 1})


def soft_shutdown(*, acks_late: bool) -> Callable[[Place], Scene]:
    """Return a situation: a soft shutdown has begun while 2 run and 4 are held."""

    def set_up(place: Place) -> Scene:
        app = _run_2_hold_4(place, acks_late=acks_late, soft_shutdown=60.0, prefetch=2)
        truth = Truth({"worker": 6}, busy_dynos={"worker": ()}, stranded=NO_STRANDED)
        return Scene(app, CELERY, truth, ASK_BUSY)

    return set_up


def held(place: Place) -> Scene:
    """A worker runs 2 and holds 4 that were sent with them."""
    app = place.app()
    oldest = app.send(6)
    app.worker(*THREADS)
    app.wait_running(2)
    app.wait_unacked(4)
    truth = Truth({"worker": 6}, stranded=NO_STRANDED, oldest={"worker": oldest})
    return Scene(app, CELERY, truth)


def _run_2_hold_4(place: Place, *, acks_late: bool, **settings: float) -> App:
    app = place.app(acks_late=acks_late, **settings)
    worker = app.worker(*PREFORK)
    app.send(6)
    app.wait_running(2)
    app.wait_unacked(4)
    worker.begin_soft_shutdown()
    with Redis.from_url(place.url) as redis:
        key = "_kombu.binding.celery.pidbox"
        wait_until(
            lambda: any(CLOSING.encode() in name for name in redis.smembers(key)),
            "its deputy has joined",
        )
    return app


def _waits(redis: Redis) -> bool:
    return any(
        client["cmd"] == "brpop" and "b" in client["flags"]
        for client in redis.client_list()
    )

"""The same on RabbitMQ, which reports only the jobs that are ready."""

from __future__ import annotations

import uuid
from typing import Any

from agent.tests.situations.facts import Scene, Truth
from agent.tests.situations.place import HOUR, App, Place
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.with_worker import BUSY
from agent.tests.situations.worker import Worker

ONE_THREAD = ("--pool=threads", "--concurrency=1")


def no_worker(place: Place) -> Scene:
    """5 jobs, and 4 that are due in an hour."""
    app = _app(place)
    etas = _send(app)
    _wait_ready(app, 9)
    return _scene(app, 5, etas)


def prefetched(place: Place) -> Scene:
    """A worker runs 1 and holds 4; the 4 that are due in an hour wait."""
    app, _, etas = _worked_at(place)
    return _scene(app, 5, etas, busy_dynos=BUSY)


def killed(place: Place) -> Scene:
    """The same worker, killed: its job is lost, and the 4 are ready at once."""
    app, worker, etas = _worked_at(place)
    worker.kill()
    _wait_ready(app, 8)
    return _scene(app, 4, etas)


def idle_with_future(place: Place) -> Scene:
    """A worker runs nothing and holds 2 that are due in an hour."""
    app = _app(place)
    app.worker(*ONE_THREAD)
    etas = app.send(2, countdown=HOUR) + HOUR
    _wait_ready(app, 0)
    return _scene(app, 0, etas, busy_dynos={"worker": ()})


def _app(place: Place) -> App:
    """Make an app with a queue of its own, which is deleted at the end."""
    app = place.app(queue=f"situation-{uuid.uuid4()}")
    place.at_the_end(lambda: _delete(app))
    return app


def _delete(app: App) -> None:
    with app.celery.connection_for_write() as connection:
        connection.default_channel.queue_delete(app.settings.queue)


def _worked_at(place: Place) -> tuple[App, Worker, float]:
    app = _app(place)
    etas = _send(app)
    worker = app.worker(*ONE_THREAD)
    app.wait_running(1)
    _wait_ready(app, 4)
    return app, worker, etas


def _send(app: App) -> float:
    app.send(5)
    return app.send(4, countdown=HOUR) + HOUR


def _wait_ready(app: App, number: int) -> None:
    with app.celery.connection_for_write() as connection:
        channel = connection.default_channel

        def holds() -> bool:
            queue = channel.queue_declare(app.settings.queue, passive=True)
            return bool(queue.message_count == number)

        wait_until(holds, f"{number} jobs are ready")


def _scene(app: App, count: int, next_eta: float, **facts: Any) -> Scene:
    truth = Truth(
        {"worker": count},
        stranded={"worker": 0},
        next_eta={"worker": next_eta},
        **facts,
    )
    return Scene(app, {"worker": (app.settings.queue,)}, truth)

"""Messages of other forms, and very many with an ETA."""

from __future__ import annotations

import time

from agent.tests.situations.facts import Knowable, Scene, Truth
from agent.tests.situations.place import HOUR, THREADS, Place
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.with_worker import BUSY, NO_STRANDED
from agent.tests.situations.without_worker import CELERY

MANY = 3_000


def future(place: Place) -> Scene:
    """3,000 that are due in an hour wait; nothing is due."""
    app = place.app()
    etas = app.send(MANY, countdown=HOUR)
    truth = Truth({"worker": 0}, next_eta={"worker": etas + HOUR})
    return Scene(app, CELERY, truth)


def held_future(place: Place) -> Scene:
    """A worker has taken them all, and runs none."""
    app = place.app(acks_late=True)
    etas = app.send(MANY, countdown=HOUR)
    app.worker(*THREADS)
    app.wait_unacked(MANY)
    truth = Truth({"worker": 0}, next_eta={"worker": etas + HOUR}, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def pickled(place: Place) -> Scene:
    """Workers read and write nothing but pickle; one runs 2, and holds 3."""
    app = place.app(serializer="pickle")
    app.worker(*THREADS)
    app.send(5)
    app.wait_running(2)
    app.wait_unacked(3)
    truth = Truth({"worker": 5}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def old(place: Place) -> Scene:
    """Messages of the first version of the task protocol."""
    app = place.app(protocol=1)
    app.send(5)
    etas = app.send(4, countdown=HOUR)
    truth = Truth({"worker": 5}, next_eta={"worker": etas + HOUR})
    return Scene(app, CELERY, truth)


def expired(place: Place) -> Scene:
    """50 wait that workers will throw away, and 1 that they will run."""
    app = place.app()
    began = app.send(50, expires=0.3)
    oldest = app.send(expires=HOUR)
    wait_until(lambda: time.time() > began + 2, "they have expired")
    return Scene(app, CELERY, Truth({"worker": 1}, oldest={"worker": oldest}))


def unmapped(place: Place) -> Scene:
    """7 wait in the queue `celery`, and the agent is told of `default`."""
    app = place.app()
    app.send(7)
    truth = Truth({"worker": 7}, knowable=Knowable.NO, at_least={"worker": 0})
    return Scene(app, {"worker": ("default",)}, truth)

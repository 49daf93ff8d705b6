"""Jobs that wait without a worker."""

from __future__ import annotations

import time

from agent.tests.situations.facts import Scene, Truth
from agent.tests.situations.place import HOUR, Place
from agent.tests.situations.queued import send_many
from agent.tests.situations.waiting import wait_until

CELERY = {"worker": ("celery",)}
MANY = 100_000


def nothing(place: Place) -> Scene:
    """No job and no worker."""
    app = place.app()
    truth = Truth({"worker": 0}, busy_dynos={"worker": ()}, stranded={"worker": 0})
    return Scene(app, CELERY, truth, {"busy_dynos": True})


def priorities_and_etas(place: Place) -> Scene:
    """5 jobs, 3 of priority 9, and 4 that are due in an hour."""
    app = place.app()
    oldest = app.send(5)
    app.send(3, priority=9)
    etas = app.send(4, countdown=HOUR)
    truth = Truth(
        {"worker": 8},
        stranded={"worker": 0},
        next_eta={"worker": etas + HOUR},
        oldest={"worker": oldest},
    )
    return Scene(app, CELERY, truth)


def eta_came_due(place: Place) -> Scene:
    """Of 1 job and 3 with an ETA, 2 have come due."""
    app = place.app()
    due = app.send(2, countdown=0.3) + 0.3
    app.send()
    etas = app.send(countdown=HOUR)
    wait_until(lambda: time.time() > due + 0.1, "two ETAs have passed")
    truth = Truth(
        {"worker": 3},
        stranded={"worker": 0},
        next_eta={"worker": etas + HOUR},
        oldest={"worker": due},
    )
    return Scene(app, CELERY, truth)


def local_times(place: Place) -> Scene:
    """2 jobs, 1 whose ETA has passed and 3 due in an hour, in New York time."""
    app = place.app(timezone="America/New_York")
    app.send(2)
    app.send(countdown=-1)
    etas = app.send(3, countdown=HOUR)
    truth = Truth({"worker": 3}, next_eta={"worker": etas + HOUR})
    return Scene(app, CELERY, truth)


def many(place: Place) -> Scene:
    """100,000 jobs."""
    app = place.app()
    oldest = send_many(app, MANY)
    truth = Truth({"worker": MANY}, oldest={"worker": oldest}, is_crowded=True)
    return Scene(app, CELERY, truth)


def key_prefix(place: Place) -> Scene:
    """2 jobs, 3 of priority 6 and 1 future one, beside those of another app."""
    app, other = place.app(prefix="mine:"), place.app()
    app.send(2)
    app.send(3, priority=6)
    etas = app.send(countdown=HOUR)
    other.send(7)
    truth = Truth({"worker": 5}, next_eta={"worker": etas + HOUR})
    return Scene(app, CELERY, truth)


def custom_priorities(place: Place) -> Scene:
    """6 jobs of three priorities, in an app with 10 steps and its own separator."""
    app = place.app(steps=tuple(range(10)), separator=":")
    app.send(1)
    app.send(2, priority=5)
    app.send(3, priority=8)
    return Scene(app, CELERY, Truth({"worker": 6}))


#: Two queues of one process type, and one queue of two.
ROUTED = {
    "worker": ("default", "reports"),
    "guard": ("alarms",),
    "mailer": ("mail",),
    "everything": ("mail", "alarms"),
}


def custom_routing(place: Place) -> Scene:
    """Queues whose names are not the routing keys of their jobs."""
    app = place.app(is_routed=True)
    app.send(2)
    app.send(1, queue="reports", exchange="papers", routing_key="nightly")
    app.send(3, queue="alarms", exchange="news", routing_key="alarm.fire.kitchen")
    app.send(4, queue="mail")
    counts = {"worker": 3, "guard": 3, "mailer": 4, "everything": 7}
    return Scene(app, ROUTED, Truth(counts, stranded=dict.fromkeys(counts, 0)))

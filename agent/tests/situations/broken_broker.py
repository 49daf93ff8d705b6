"""A broker that fails after the first measurement."""

from __future__ import annotations

from agent.tests.situations.facts import Knowable, Scene, Truth
from agent.tests.situations.place import Place
from agent.tests.situations.without_worker import CELERY

#: Nothing is known, not even a lower bound.
UNKNOWN = Truth({"worker": 3}, knowable=Knowable.NO, at_least={"worker": 0})


def down(place: Place) -> Scene:
    """3 jobs wait in a Redis that is stopped: nothing listens there."""
    server = place.own_redis()
    app = place.app(url=server.url)
    app.send(3)
    return Scene(app, CELERY, UNKNOWN, spoil=server.stop, before={"worker": 3})


def frozen(place: Place) -> Scene:
    """3 jobs wait in a Redis that hangs (SIGSTOP): it accepts and never answers."""
    server = place.own_redis()
    app = place.app(url=server.url)
    app.send(3)
    return Scene(app, CELERY, UNKNOWN, spoil=server.pause, before={"worker": 3})

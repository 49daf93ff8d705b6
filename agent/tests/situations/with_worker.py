"""Jobs that workers run or hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from agent.tests.situations.facts import Knowable, Scene, Truth
from agent.tests.situations.place import (
    HOUR,
    PREFORK,
    SOLO,
    THREADS,
    App,
    Place,
    on_database,
)
from agent.tests.situations.waiting import wait_until
from agent.tests.situations.without_worker import CELERY, ROUTED

BUSY = {"worker": ("worker.1",)}
NO_STRANDED = {"worker": 0}
ASK_BUSY = {"busy_dynos": True}


def idle(place: Place) -> Scene:
    """An idle worker."""
    app = place.app()
    app.worker(*THREADS)
    truth = Truth({"worker": 0}, busy_dynos={"worker": ()}, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def idle_with_future(place: Place) -> Scene:
    """A worker that runs nothing and holds 2 that are due in an hour."""
    app = place.app()
    app.worker(*THREADS)
    etas = app.send(2, countdown=HOUR)
    app.wait_unacked(2)
    truth = Truth(
        {"worker": 0},
        busy_dynos={"worker": ()},
        stranded=NO_STRANDED,
        next_eta={"worker": etas + HOUR},
    )
    return Scene(app, CELERY, truth)


def prefetched(place: Place) -> Scene:
    """A worker runs 2 and holds 6, plus 4 that are due in an hour."""
    app = place.app()
    app.send(5)
    app.send(3, priority=9)
    etas = app.send(4, countdown=HOUR)
    app.worker(*THREADS)
    app.wait_running(2)
    app.wait_unacked(10)
    truth = Truth(
        {"worker": 8},
        busy_dynos=BUSY,
        stranded=NO_STRANDED,
        next_eta={"worker": etas + HOUR},
    )
    return Scene(app, CELERY, truth)


def eta_came_due(place: Place) -> Scene:
    """A worker runs 2, all it can, and holds 1 whose ETA has passed."""
    app = place.app()
    app.worker(*THREADS)
    app.send(2)
    app.wait_running(2)
    due = app.send(countdown=0.3) + 0.3
    app.wait_unacked(1)
    wait_until(lambda: time.time() > due + 0.1, "an ETA has passed")
    truth = Truth({"worker": 3}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def running(pool: tuple[str, ...], *, acks_late: bool) -> Callable[[Place], Scene]:
    """Return a situation: a worker runs 2, and no other job waits."""

    def set_up(place: Place) -> Scene:
        app = place.app(acks_late=acks_late)
        app.worker(*pool)
        app.send(2)
        app.wait_running(2)
        app.wait_unacked(2 if acks_late else 0)
        truth = Truth({"worker": 2}, busy_dynos=BUSY, stranded=NO_STRANDED)
        # With late acknowledgement the workers are asked for busy dynos only.
        options = ASK_BUSY if acks_late else {}
        return Scene(app, CELERY, truth, options)

    return set_up


def mixed(place: Place) -> Scene:
    """Two run: one was acknowledged early, one will be acknowledged late."""
    app = place.app(acks_late=True, is_mixed=True)
    app.worker(*THREADS)
    app.send()
    app.send(task="hold_early")
    app.wait_running(2)
    app.wait_unacked(1)
    truth = Truth({"worker": 2}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def solo(place: Place) -> Scene:
    """One runs in the pool solo, and the agent knows the pool.

    The message is acknowledged after the job although the app says early, since
    the worker is blocked. It cannot answer either.
    """
    app = place.app()
    app.worker(*SOLO)
    app.send()
    app.wait_running(1)
    return Scene(app, CELERY, Truth({"worker": 1}), {"pool": "solo"})


def solo_untold(place: Place) -> Scene:
    """The same, but the agent does not know the pool: the worker might run more."""
    scene = solo(place)
    truth = replace(scene.truth, knowable=Knowable.PERHAPS)
    return replace(scene, truth=truth, options={})


def solo_late(place: Place) -> Scene:
    """One runs in the pool solo, acknowledged late."""
    app = place.app(acks_late=True)
    app.worker(*SOLO)
    app.send()
    app.wait_running(1)
    return Scene(app, CELERY, Truth({"worker": 1}, stranded=NO_STRANDED))


def frozen(place: Place) -> Scene:
    """The worker runs 2 and holds 4, and hangs (SIGSTOP).

    The broker knows 4 of the jobs, and that one worker does not answer.
    """
    app = place.app()
    worker = app.worker(*THREADS)
    _run_2_hold_4(app)
    worker.freeze()
    truth = Truth({"worker": 6}, knowable=Knowable.NO, at_least={"worker": 4})
    return Scene(app, CELERY, truth)


def frozen_late(place: Place) -> Scene:
    """The same with late acknowledgement: the broker knows all 6.

    Redis may have given the worker one more, which nobody has noted. The worker is
    alive, so nothing is stranded.
    """
    app = place.app(acks_late=True)
    worker = app.worker(*PREFORK)
    app.send(6)
    app.wait_running(2)
    app.wait_unacked(6)
    worker.freeze()
    truth = Truth(
        {"worker": 6},
        knowable=Knowable.PERHAPS,
        at_least={"worker": 6},
        stranded=NO_STRANDED,
    )
    return Scene(app, CELERY, truth)


def key_prefix(place: Place) -> Scene:
    """A worker runs 2 and holds 4, beside the worker of another app."""
    app, other = place.app(prefix="mine:"), place.app()
    other.worker(*THREADS, dyno="worker.2")
    other.send(7)
    other.wait_running(2)
    app.worker(*THREADS)
    _run_2_hold_4(app)
    truth = Truth({"worker": 6}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth)


def custom_routing(place: Place) -> Scene:
    """Two process types run and hold jobs whose routing keys name no queue."""
    app = place.app(is_routed=True)
    app.worker(*THREADS, "--queues=default,reports")
    app.worker(*THREADS, "--queues=alarms", dyno="guard.1")
    app.send(1)
    app.send(1, queue="reports", exchange="papers", routing_key="nightly")
    app.send(3, queue="alarms", exchange="news", routing_key="alarm.fire.kitchen")
    app.send(4, queue="mail")
    app.wait_running(4)
    app.wait_unacked(1)
    counts = {"worker": 2, "guard": 3, "mailer": 4, "everything": 7}
    dynos: dict[str, tuple[str, ...]] = {
        "worker": ("worker.1",),
        "guard": ("guard.1",),
        "mailer": (),
        "everything": (),
    }
    truth = Truth(counts, busy_dynos=dynos, stranded=dict.fromkeys(counts, 0))
    return Scene(app, ROUTED, truth)


def one_busy_dyno_of_three(place: Place) -> Scene:
    """worker.2 runs 1, and worker.1 and worker.3 are idle."""
    app = place.app(acks_late=True)
    app.worker(*THREADS, dyno="worker.2")
    app.send()
    app.wait_running(1)
    app.worker(*THREADS, dyno="worker.1")
    app.worker(*THREADS, dyno="worker.3")
    truth = Truth({"worker": 1}, busy_dynos={"worker": ("worker.2",)})
    return Scene(app, CELERY, truth, ASK_BUSY)


def other_database(place: Place) -> Scene:
    """A killed worker left 4, and another app's worker lives in another database."""
    other = place.app(url=on_database(place.url, 1))
    other.worker(*THREADS, dyno="worker.2")
    other.send(2)
    other.wait_running(2)
    app = place.app()
    worker = app.worker(*THREADS)
    _run_2_hold_4(app)
    with place.no_listener_after():
        worker.kill()
    truth = Truth({"worker": 4}, busy_dynos={"worker": ()}, stranded={"worker": 4})
    return Scene(app, CELERY, truth)


def one_killed_of_two(place: Place) -> Scene:
    """worker.1 ran 2 and held 4 and was killed; worker.2 runs 2 and holds 4.

    The 2 of worker.1 are lost, since it acknowledged early. Its 4 are not
    stranded: worker.2 will take them after the visibility timeout.
    """
    app = place.app()
    worker = app.worker(*THREADS)
    app.send(6)
    app.wait_running(2)
    app.wait_unacked(4)
    with place.no_listener_after():
        worker.kill()
    app.worker(*THREADS, dyno="worker.2")
    app.send(6)
    app.wait_running(4)
    app.wait_unacked(8)
    truth = Truth(
        {"worker": 10}, busy_dynos={"worker": ("worker.2",)}, stranded=NO_STRANDED
    )
    return Scene(app, CELERY, truth)


def _run_2_hold_4(app: App) -> None:
    app.send(6)
    app.wait_running(2)
    app.wait_unacked(4)

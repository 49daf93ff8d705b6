"""Workers that are killed or shut down."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from agent.tests.situations.facts import Knowable, Scene, Truth
from agent.tests.situations.place import PREFORK, THREADS, App, Place
from agent.tests.situations.with_worker import ASK_BUSY, BUSY, NO_STRANDED
from agent.tests.situations.without_worker import CELERY
from agent.tests.situations.worker import Worker

Pool = tuple[str, ...]


def before_the_kill(place: Place) -> Scene:
    """A worker runs 2 and holds 4, all to be acknowledged late."""
    app, _ = _run_2_hold_4(place, PREFORK, acks_late=True)
    truth = Truth({"worker": 6}, busy_dynos=BUSY, stranded=NO_STRANDED)
    return Scene(app, CELERY, truth, ASK_BUSY)


def killed_late(place: Place) -> Scene:
    """The same worker and its children, killed: no worker is left to take the 6."""
    app, worker = _run_2_hold_4(place, PREFORK, acks_late=True)
    return _killed(place, app, worker, 6)


def killed_early(place: Place) -> Scene:
    """A worker ran 2 and held 4, and was killed; it acknowledged early.

    The broker had dropped the 2 before they ran. They are lost for good, so only 4
    need a worker.
    """
    app, worker = _run_2_hold_4(place, PREFORK, acks_late=False)
    return _killed(place, app, worker, 4)


def shutting_down(
    pool: Pool, *, acks_late: bool, **settings: Any
) -> Callable[[Place], Scene]:
    """Return a situation: a worker shuts down while it runs 2 jobs and holds 4.

    The 2 still run, and the 4 will be requeued: 6 need a worker. From here on a
    Celery worker answers no request. Without the agent, the jobs that it has
    acknowledged early can be known only by luck.
    """

    def set_up(place: Place) -> Scene:
        app, worker = _run_2_hold_4(place, pool, acks_late=acks_late, **settings)
        _begin_shutdown(place, app, worker)
        known = acks_late or app.settings.has_agent
        truth = Truth(
            {"worker": 6}, knowable=Knowable.YES if known else Knowable.PERHAPS
        )
        return Scene(app, CELERY, truth)

    return set_up


def shutting_down_with_nothing_held(**settings: Any) -> Callable[[Place], Scene]:
    """Return a situation: a worker shuts down while it runs 2 jobs and holds none.

    They were acknowledged early, so Redis knows nothing of them.
    """

    def set_up(place: Place) -> Scene:
        app = place.app(**settings)
        worker = app.worker(*THREADS)
        app.send(2)
        app.wait_running(2)
        app.wait_unacked(0)
        _begin_shutdown(place, app, worker)
        knowable = Knowable.YES if app.settings.has_agent else Knowable.PERHAPS
        return Scene(app, CELERY, Truth({"worker": 2}, knowable=knowable))

    return set_up


def killed_after_a_look(place: Place) -> Scene:
    """As `killed_early`, and the agent has seen the worker before.

    For a while it may assume that the worker shuts down and still runs the 2.
    """
    app, worker = _run_2_hold_4(place, THREADS, acks_late=False)

    def spoil() -> None:
        with place.no_listener_after():
            worker.kill()

    truth = Truth({"worker": 4}, knowable=Knowable.PERHAPS)
    return Scene(app, CELERY, truth, spoil=spoil, before={"worker": 6})


def shutting_down_after_a_look(place: Place) -> Scene:
    """A worker without the agent shuts down, and has been seen before."""
    app, worker = _run_2_hold_4(place, THREADS, acks_late=False, has_agent=False)

    def spoil() -> None:
        with place.no_listener_after():
            worker.begin_shutdown()

    truth = Truth({"worker": 6}, knowable=Knowable.PERHAPS)
    return Scene(app, CELERY, truth, spoil=spoil, before={"worker": 6})


def killed_while_shutting_down(*, acks_late: bool) -> Callable[[Place], Scene]:
    """Return a situation: a worker was killed while it shut down.

    With early acknowledgement its 2 running jobs are lost, as always.
    """

    def set_up(place: Place) -> Scene:
        app, worker = _run_2_hold_4(place, THREADS, acks_late=acks_late)
        with place.no_listener_after():
            worker.begin_shutdown()
            app.wait_no_consumer()
            worker.kill()
        return _left(app, 6 if acks_late else 4)

    return set_up


def _killed(place: Place, app: App, worker: Worker, left: int) -> Scene:
    with place.no_listener_after():
        worker.kill()
    return _left(app, left)


def _left(app: App, left: int) -> Scene:
    app.wait_unacked(left)
    truth = Truth({"worker": left}, stranded={"worker": left})
    return Scene(app, CELERY, truth)


def _begin_shutdown(place: Place, app: App, worker: Worker) -> None:
    still_listens = app.settings.has_agent
    with nullcontext() if still_listens else place.no_listener_after():
        worker.begin_shutdown()
        app.wait_no_consumer()


def _run_2_hold_4(
    place: Place, pool: Pool, *, acks_late: bool, **settings: Any
) -> tuple[App, Worker]:
    app = place.app(acks_late=acks_late, **settings)
    worker = app.worker(*pool)
    app.send(6)
    app.wait_running(2)
    app.wait_unacked(6 if acks_late else 4)
    return app, worker

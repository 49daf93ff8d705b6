"""CeleryJobs never counts too few jobs while workers start, take jobs and end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from agent.tests.situations.place import PREFORK, THREADS, App, Place, place
from scalar_agent.celery import CeleryJobs

pytestmark = pytest.mark.deep

#: 2 that a worker runs, and fewer than it may prefetch.
JOBS = 6
QUEUES = {"worker": ("celery",)}


@pytest.fixture
def here(redis_url: str) -> Iterator[Place]:
    with place(redis_url, has_agent=True) as here:
        yield here


@pytest.fixture(params=[THREADS, PREFORK], ids=["threads", "prefork"])
def pool(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.param


@pytest.fixture(params=[False, True], ids=["early", "late"])
def app(request: pytest.FixtureRequest, here: Place) -> App:
    """An app whose jobs run until released, so their number never changes."""
    app = here.app(acks_late=request.param)
    app.send(JOBS)
    return app


def test_all_count_while_a_worker_takes_them(app: App, pool: tuple[str, ...]) -> None:
    def take() -> None:
        app.worker(*pool)
        app.wait_running(2)
        app.wait_unacked(held(app))

    assert_all_count_during(app, take)


def test_all_count_while_a_worker_begins_to_end(
    app: App, pool: tuple[str, ...]
) -> None:
    worker = app.worker(*pool)
    app.wait_running(2)
    app.wait_unacked(held(app))

    def end() -> None:
        worker.begin_shutdown()
        app.wait_no_consumer()

    assert_all_count_during(app, end)


def held(app: App) -> int:
    """Return how many jobs are unacknowledged in Redis while 2 run."""
    return JOBS if app.settings.acks_late else JOBS - 2


def assert_all_count_during(app: App, change: Callable[[], None]) -> None:
    """Measure again and again, until 3 times after the change."""
    done = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            change()
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failed.append(error)
        finally:
            done.set()

    jobs = CeleryJobs(app.celery, QUEUES)
    thread = threading.Thread(target=run)
    thread.start()
    looks = []
    try:
        after = 0
        while after < 3:
            after += done.is_set()
            looks.append(jobs.measure()["worker"])
    finally:
        thread.join()
        jobs.close()

    assert failed == []
    counts = [look.count for look in looks]
    assert {count for count in counts if count is not None} == {JOBS}
    assert max(look.at_least for look in looks) <= JOBS
    assert counts[-1] == JOBS

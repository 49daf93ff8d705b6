"""The truth table: CeleryJobs is right in every situation."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from agent.tests.situations.brokers import HOW_TO_SET_UP, rabbitmq_url
from agent.tests.situations.facts import Scene
from agent.tests.situations.rows import RABBITMQ, REDIS, Row
from agent.tests.situations.verdict import faults
from scalar_agent.celery import CeleryJobs

#: Seconds within which an agent must answer, whatever fails.
BOUND = 8.0


#: Rows with several workers, two waits, or many jobs: `make test-deep` has them.
SLOW = frozenset({"G4", "H1p", "H1Lp", "N2", "P2", "Q2", "T2", "V", "X", "Y"})


def marks_of(row):
    """Return the marks of a row."""
    yield from [pytest.mark.new_redis] if row.is_new else []
    yield from [pytest.mark.deep] if row.name in SLOW else []


ROWS = [
    pytest.param(row, id=row.name, marks=[*marks_of(row)])
    for row in (*REDIS, *RABBITMQ)
]


@pytest.fixture(params=ROWS)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    row: Row = request.param
    with row.on(_broker_url(row, request)) as scene:
        yield scene


def _broker_url(row: Row, request: pytest.FixtureRequest) -> str:
    fixture = "redis_url" if row in REDIS else "amqp_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """The URL of a RabbitMQ, if one is available."""
    with rabbitmq_url() as url:
        if url is None:
            pytest.skip(HOW_TO_SET_UP)
        yield url


def test_the_answer_is_right(
    scene: Scene, record_property: Callable[[str, object], None]
) -> None:
    jobs = CeleryJobs(scene.app.celery, scene.queues, **scene.options)
    try:
        if scene.spoil:
            before = {name: work.count for name, work in jobs.measure().items()}
            assert before == scene.before
            scene.spoil()
        began = time.monotonic()
        answer = jobs.measure()
        took = time.monotonic() - began
    finally:
        jobs.close()

    assert faults(scene, answer) == []
    assert took < BOUND
    record_property("seconds", round(took, 3))

"""A real Redis for the tests, started on first use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from devtools.redis_server import RedisServer, redis_server
from scalar_agent import celery_silence, rq_silence


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The Redis of all tests of this process."""
    with redis_server() as server:
        yield server


@pytest.fixture(autouse=True)
def believes_a_new_redis(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the agent believe that workers have had the time to reconnect.

    Each Redis of the tests has just been started. Tests of what happens then are
    marked with `new_redis`.
    """
    if not request.node.get_closest_marker("new_redis"):
        monkeypatch.setattr(celery_silence, "RETURN", 0.0)
        monkeypatch.setattr(rq_silence, "RETURN", 0.0)


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """The URL of an empty Redis."""
    with Redis.from_url(shared_redis.url) as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may kill or pause."""
    with redis_server() as server:
        yield server

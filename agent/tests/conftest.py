"""A real Redis for the tests, started on first use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from devtools.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The Redis of all tests of this process."""
    with redis_server() as server:
        yield server


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

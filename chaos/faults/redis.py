"""Redis is down, loses its data, hangs or is full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from redis import Redis

from chaos.catalog import (
    REDIS_EMPTIED,
    REDIS_FROZEN,
    REDIS_FULL,
    REDIS_PAUSED,
    Kind,
)
from chaos.system import PERIOD, System


@contextmanager
def emptied(system: System) -> Iterator[None]:
    """Kill Redis; it comes back later, empty."""
    system.redis.kill()
    yield
    system.redis.start()


@contextmanager
def paused(system: System) -> Iterator[None]:
    """Make Redis accept commands and answer none, with CLIENT PAUSE."""
    with Redis.from_url(system.redis.url) as client:
        milliseconds = int(REDIS_PAUSED.periods * PERIOD * 1000)
        client.execute_command("CLIENT", "PAUSE", milliseconds, "ALL")
    yield
    with Redis.from_url(system.redis.url) as client:
        client.ping()  # answers when the pause is over


@contextmanager
def frozen(system: System) -> Iterator[None]:
    """Suspend Redis for longer than its clients' timeouts."""
    system.redis.pause()
    yield
    system.redis.resume()


@contextmanager
def full(system: System) -> Iterator[None]:
    """Make Redis refuse every command that needs memory, and evict nothing."""
    with Redis.from_url(system.redis.url) as client:
        client.config_set("maxmemory", "1")
        yield
        client.config_set("maxmemory", "0")


REDIS: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    REDIS_EMPTIED: emptied,
    REDIS_PAUSED: paused,
    REDIS_FROZEN: frozen,
    REDIS_FULL: full,
}

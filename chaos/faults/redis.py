"""Redis is down, loses its data or a second of it, hangs, or refuses commands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from redis import Redis

from chaos.catalog import (
    REDIS_BEHIND,
    REDIS_EMPTIED,
    REDIS_FROZEN,
    REDIS_FULL,
    REDIS_NOPERM,
    REDIS_PAUSED,
    REDIS_READONLY,
    Kind,
)
from chaos.system import PERIOD, System

#: The user that gives permissions back.
ADMIN = "chaos-admin"
#: Seconds that are lost.
BEHIND = 1.2


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


@contextmanager
def read_only(system: System) -> Iterator[None]:
    """Make Redis a replica, of a primary that is not there: it refuses writes."""
    with Redis.from_url(system.redis.url) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        yield
        client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def without_permission(system: System) -> Iterator[None]:
    """Take all permissions from the user of our processes."""
    with Redis.from_url(system.redis.url) as client:
        client.execute_command("ACL", "SETUSER", ADMIN, "on", "nopass", "~*", "+@all")
        client.execute_command("AUTH", ADMIN, "none")
        client.execute_command("ACL", "SETUSER", "default", "-@all", "+ping")
        yield
        client.execute_command("ACL", "SETUSER", "default", "+@all")


@contextmanager
def behind(system: System) -> Iterator[None]:
    """Kill Redis, and start it with what it had a second before.

    As after a failover to a replica that was behind, or from an older dump.
    """
    with Redis.from_url(system.redis.url) as client:
        client.save()
    time.sleep(BEHIND)
    system.redis.kill()
    system.redis.start()
    (system.folder / "dump.rdb").unlink()
    yield


REDIS: dict[Kind, Callable[[System], AbstractContextManager[None]]] = {
    REDIS_EMPTIED: emptied,
    REDIS_PAUSED: paused,
    REDIS_FROZEN: frozen,
    REDIS_FULL: full,
    REDIS_READONLY: read_only,
    REDIS_NOPERM: without_permission,
    REDIS_BEHIND: behind,
}

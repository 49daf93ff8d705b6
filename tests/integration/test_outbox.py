"""The contract of the outbox, in memory, in the simulation and in a real Redis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scalar.adapters.inmemory.clock import WalkedClock
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.redis import scripts
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.adapters.redis.outbox import RedisOutbox
from scalar.core.app_state import Memory
from scalar.core.event import Event, EventKind
from scalar.core.reason import Reason
from scalar.ports.coordination import Lease
from scalar.ports.outbox import MOST_WAITING, Backlog
from tests.integration.test_coordinator import SimulatedCoordinator
from tests.support.leases import begin
from tests.unit.test_older_program import text_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(number):
    return Event(
        *(NOON, "shop", "worker", EventKind.SCALED, Reason.RECOMMENDED, 1, 2, 2.5),
        detail="count 20 / boundary 10 \u2026 \U0001f600",
        id=f"event-{number:05}",
    )


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture(params=["memory", "simulation", "redis"])
def stores(request):
    """The coordinator whose `finish` adds, and the outbox."""
    if request.param == "memory":
        coordinator = MemoryCoordinator(WalkedClock())
        return coordinator, coordinator.outbox
    if request.param == "simulation":
        coordinator = SimulatedCoordinator()
        return coordinator, coordinator
    client = request.getfixturevalue("client")
    return RedisCoordinator(client), RedisOutbox(client)


def add(coordinator, *events, memory=None):
    lease, _ = begin(coordinator, 1, "one")
    return coordinator.finish(lease, memory, events)


def test_events_wait_until_they_are_removed(stores):
    coordinator, outbox = stores
    assert outbox.waiting(10) == []
    add(coordinator, event(1), event(2))
    add(coordinator, event(3), memory=Memory(slow=True))

    assert outbox.waiting(10) == [event(1), event(2), event(3)]
    assert outbox.waiting(2) == [event(1), event(2)]
    outbox.remove([event(1), event(3)])
    outbox.remove([])
    assert outbox.waiting(10) == [event(2)]


def test_an_event_waits_once(stores):
    coordinator, outbox = stores
    add(coordinator, event(1))
    add(coordinator, event(1))

    assert outbox.waiting(10) == [event(1)]


def test_events_wait_even_if_the_lease_was_lost(stores):
    coordinator, outbox = stores
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)
    coordinator.finish(lease, Memory(slow=True), [event(1)])

    assert outbox.waiting(10) == [event(1)]
    assert coordinator.recall([1]) == {}


def test_the_oldest_events_are_dropped_beyond_the_bound(stores):
    coordinator, outbox = stores
    for first in range(0, MOST_WAITING, 2_000):
        assert add(coordinator, *map(event, range(first, first + 2_000))).dropped == 0
    more = [event(MOST_WAITING + 1), event(MOST_WAITING + 2)]

    assert add(coordinator, *more) == Backlog(MOST_WAITING, dropped=2)
    assert outbox.waiting(1) == [event(2)]
    assert outbox.waiting(MOST_WAITING + 1)[-2:] == more
    assert len(outbox.waiting(MOST_WAITING + 1)) == MOST_WAITING
    assert add(coordinator) == Backlog(0)


def test_forgetting_an_app_keeps_its_events(stores):
    """They are history; the journal keeps those of a removed app as well."""
    coordinator, outbox = stores
    add(coordinator, event(1))
    coordinator.forget(1)

    assert outbox.waiting(10) == [event(1)]


def test_what_this_version_cannot_read_keeps_nothing_waiting(client):
    coordinator, outbox = RedisCoordinator(client), RedisOutbox(client)
    client.zadd("scalar:outbox", {"a": 1, "b": 2, "gone": 3})
    client.hset("scalar:outbox:events", mapping={"a": "?", "b": '{"kind":"newer"}'})
    add(coordinator, event(1))

    assert outbox.waiting(3) == []
    assert outbox.waiting(3)[:1] == [event(1)]
    assert client.zscore("scalar:outbox", "a") > 3


def test_events_in_a_memory_of_an_older_version_are_moved(client):
    coordinator, outbox = RedisCoordinator(client), RedisOutbox(client)
    client.set("scalar:app:1", text_of("events that wait, and a hold"))
    lease, memory = begin(coordinator, 1, "one")
    moved = outbox.waiting(100)
    assert moved
    outbox.remove(moved)
    coordinator.finish(lease, None)

    assert coordinator.recall([1]) == {1: memory}
    add(coordinator)
    assert outbox.waiting(100) == []


def test_an_event_costs_no_further_trip(client):
    """It goes with the script that ends the evaluation."""
    assert "append(" in scripts.FINISH
    before = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
    add(RedisCoordinator(client), replace(event(1)))
    after = client.info("commandstats")["cmdstat_evalsha"]["calls"]

    assert after - before <= 2 * 3  # reserve, begin, finish; twice if not yet loaded


def test_nothing_is_kept_of_a_lease_that_nobody_has(client):
    coordinator = RedisCoordinator(client)
    coordinator.finish(Lease(1, "lost", datetime.now(UTC)), Memory(stuck=True))

    assert coordinator.heartbeats().stuck == 0

"""The contract of the coordinator, in memory and in a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.clock import WalkedClock
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.core.app_state import Hold, Memory, Refusal
from scalar.core.errors import CoordinationError
from scalar.core.event import Event, EventKind
from scalar.core.formation import ProcessType
from scalar.core.reason import Cause, Reason
from simulation.redis_twin import RedisTwin
from tests.support.leases import begin
from tests.support.waiting import wait_until

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FULL = Memory(
    formation={"worker": ProcessType(3, "Basic"), "web": ProcessType(1, "Basic")},
    read_at=NOON,
    limits={"worker": 7},
    reported=frozenset({"worker"}),
    holds={"web": Hold(Reason.COUNT_NULL, NOON, 4, "why", recorded=True)},
    refusal=Refusal(Cause(Reason.FORBIDDEN, "no"), NOON + timedelta(minutes=1), 2, 7),
    slow=True,
    unanswered=7,
    rest=60.0,
    unconfirmed=(
        Event(NOON, "shop", "worker", EventKind.SCALED, Reason.RECOMMENDED, 1, 3, 2.5),
    ),
    unwritten=(Event(NOON, "shop", None, EventKind.HELD, Reason.COUNTS_MALFORMED),),
)


@pytest.fixture
def client(redis_url):
    client = connect(redis_url)
    yield client
    client.close()


class SimulatedCoordinator(RedisTwin):
    """The simulation's Redis, at a time that a test walks on."""

    def __init__(self):
        self.clock = WalkedClock()
        start = self.clock.now()
        super().__init__(
            lambda: (self.clock.now() - start) / timedelta(seconds=1),
            lambda seconds: start + timedelta(seconds=seconds),
            SeededChance(),
        )


@pytest.fixture(params=["memory", "simulation", "redis"])
def coordinator(request):
    if request.param == "memory":
        return MemoryCoordinator(WalkedClock())
    if request.param == "simulation":
        return SimulatedCoordinator()
    return RedisCoordinator(request.getfixturevalue("client"))


def test_one_tick_is_accepted_per_period(coordinator):
    assert coordinator.open_tick(60) is not None
    assert coordinator.open_tick(60) is None


def test_the_last_tick_is_remembered(coordinator):
    assert coordinator.heartbeats().ticked_at is None
    tick = coordinator.open_tick(60)

    assert tick.previous is None
    assert coordinator.heartbeats().ticked_at == tick.at


def test_a_shorter_period_takes_effect_at_once(coordinator):
    """SLEEP_PERIOD was an hour; the next tick need not wait an hour."""
    coordinator.open_tick(3600)

    assert coordinator.open_tick(10) is not None


def test_a_reserved_app_cannot_be_reserved_again(coordinator):
    assert coordinator.reserve([1, 2, 3], "one", 60) == [1, 2, 3]
    assert coordinator.reserve([2, 3, 4], "other", 60) == [4]
    assert coordinator.reserve([], "none", 60) == []


def test_reserved_apps_are_busy(coordinator):
    coordinator.reserve([1, 2], "one", 60)

    assert coordinator.busy([1, 3]) == {1}
    assert coordinator.busy([]) == set()


def test_an_evaluation_begins_only_with_the_token_of_its_reservation(coordinator):
    coordinator.reserve([1], "one", 60)

    assert coordinator.begin(1, "other") is None
    assert coordinator.begin(1, "one") is not None


def test_an_evaluation_without_a_reservation_does_not_begin(coordinator):
    assert coordinator.begin(1, "one") is None
    assert coordinator.busy([1]) == set()


def test_an_evaluation_does_not_begin_after_its_reservation_expired(coordinator):
    coordinator.reserve([1], "one", 0.05)
    if isinstance(coordinator, MemoryCoordinator):
        coordinator._clock.walk(1)
    if isinstance(coordinator, SimulatedCoordinator):
        coordinator.clock.walk(1)

    wait_until(lambda: coordinator.busy([1]) == set(), timeout=2)
    assert coordinator.begin(1, "one") is None


def test_a_duplicate_message_is_evaluated_once(coordinator):
    coordinator.reserve([1], "one", 60)
    coordinator.begin(1, "one")

    assert coordinator.begin(1, "one") is None


def test_a_finished_evaluation_frees_the_app(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.reserve([1], "other", 60) == [1]


def test_a_memory_can_be_stored_during_an_evaluation(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    memory = Memory(formation={"worker": ProcessType(3)})

    assert coordinator.store(lease, memory)
    assert coordinator.recall([1]) == {1: memory}
    assert coordinator.busy([1]) == {1}


def test_nothing_is_stored_without_the_lease(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert not coordinator.store(lease, Memory(slow=True))
    assert coordinator.recall([1]) == {}


def test_a_memory_is_read_back_complete(coordinator):
    lease, memory = begin(coordinator, 1, "one")
    assert memory == Memory()
    coordinator.finish(lease, FULL)

    assert begin(coordinator, 1, "two")[1] == FULL
    assert coordinator.recall([1, 2]) == {1: FULL}
    assert coordinator.recall([]) == {}


def test_finishing_without_a_change_keeps_the_memory(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, None)

    assert coordinator.recall([1]) == {1: FULL}


def test_an_app_is_slow_until_it_answers_fast(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(slow=True))
    assert coordinator.slow() == {1}
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory(slow=False))

    assert coordinator.slow() == set()


def test_an_app_rests_until_its_time_is_over_or_it_answers(coordinator):
    for app_id, rest in ((1, 60.0), (2, 0.001)):
        lease, _ = begin(coordinator, app_id, "one")
        coordinator.finish(lease, Memory(rest=rest))
    if isinstance(coordinator, MemoryCoordinator):
        coordinator._clock.walk(1)
    if isinstance(coordinator, SimulatedCoordinator):
        coordinator.clock.walk(1)

    wait_until(lambda: coordinator.resting() == {1})
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory())

    assert coordinator.resting() == set()


def test_a_rest_written_by_another_clock_is_ignored(client):
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(rest=86_400.0))

    assert coordinator.resting() == set()


def test_the_heartbeats_are_recorded(coordinator):
    assert coordinator.heartbeats().ticked_at is None
    assert coordinator.heartbeats().evaluated_at is None

    coordinator.open_tick(60)
    for app_id, stuck in ((1, True), (2, True), (3, False)):
        lease, _ = begin(coordinator, app_id, "one")
        coordinator.finish(lease, Memory(stuck=stuck))
    first = coordinator.heartbeats()
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory(stuck=True, slow=True))  # still
    lease, _ = begin(coordinator, 2, "two")
    coordinator.finish(lease, Memory(stuck=False))
    second = coordinator.heartbeats()

    assert first.evaluated_at is not None
    assert (first.stuck, second.stuck) == (2, 1)
    assert first.stuck_since == second.stuck_since


def test_an_evaluation_without_a_change_is_a_heartbeat(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.heartbeats().evaluated_at is not None


def test_forgetting_an_app_deletes_all_of_its_state(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    coordinator.forget(1)

    assert coordinator.recall([1]) == {}
    assert coordinator.slow() == set()
    assert coordinator.resting() == set()


def test_forgetting_an_app_ends_what_is_under_way(coordinator):
    """A message finds no reservation; an evaluation has lost its lease."""
    coordinator.reserve([1], "one", 60)
    coordinator.forget(1)
    assert coordinator.begin(1, "one") is None
    lease, _ = begin(coordinator, 1, "two")
    coordinator.forget(1)

    assert not coordinator.store(lease, FULL)
    coordinator.finish(lease, FULL)
    assert coordinator.recall([1]) == {}
    assert coordinator.heartbeats().stuck == 0


def test_once_is_true_for_the_first_caller_only(coordinator):
    assert coordinator.once("prune", 60)
    assert not coordinator.once("prune", 60)
    assert coordinator.once("other", 60)


def test_finishing_deletes_the_memory_when_another_worker_has_the_lease(client):
    """It cannot know what the other one did; the formation must be read again."""
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    lost, _ = begin(coordinator, 1, "two")
    client.set("scalar:lease:1", "another")
    coordinator.finish(lost, Memory(formation={"worker": ProcessType(99)}))

    assert coordinator.recall([1]) == {}
    assert client.get("scalar:lease:1") == "another"


def test_finishing_deletes_the_memory_when_the_lease_has_expired(client):
    """Another evaluation may have run meanwhile."""
    coordinator = RedisCoordinator(client)
    frozen, _ = begin(coordinator, 1, "one")
    client.delete("scalar:lease:1")
    coordinator.finish(frozen, Memory(formation={"worker": ProcessType(99)}))

    assert coordinator.recall([1]) == {}


def test_a_lease_is_renewed_during_the_evaluation(client):
    """It is short, but does not expire during a slow evaluation."""
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    client.pexpire("scalar:lease:1", 1500)

    wait_until(lambda: client.pttl("scalar:lease:1") > 2000, timeout=5)
    assert coordinator.store(lease, Memory())


def test_a_reservation_expires(client):
    coordinator = RedisCoordinator(client)
    coordinator.reserve([1], "one", 0.05)

    wait_until(lambda: coordinator.reserve([1], "two", 60) == [1], timeout=2)


def test_an_unreadable_memory_counts_as_empty(client):
    coordinator = RedisCoordinator(client)
    for text in ("not json", "[]", '{"v":99}', '{"v":1,"formation":{"web":"x"}}', "1"):
        client.set("scalar:app:1", text)
        lease, memory = begin(coordinator, 1, "one")
        assert memory == Memory()
        coordinator.finish(lease, None)


def test_an_unavailable_redis_raises_coordination_error(own_redis):
    client = connect(own_redis.url)
    coordinator = RedisCoordinator(client)
    own_redis.kill()

    with pytest.raises(CoordinationError, match="Redis"):
        coordinator.open_tick(10)
    client.close()


def test_the_coordinator_recovers_after_a_restart_of_redis(own_redis):
    client = connect(own_redis.url)
    coordinator = RedisCoordinator(client)
    coordinator.open_tick(60)
    own_redis.restart()

    assert coordinator.open_tick(60) is not None
    client.close()

"""One contract for the coordinator: in memory, and in a real Redis."""

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


def test_one_tick_a_period_whoever_asks(coordinator):
    assert coordinator.open_tick(60) is not None
    assert coordinator.open_tick(60) is None


def test_the_last_tick_is_known(coordinator):
    assert coordinator.vitals().ticked_at is None
    tick = coordinator.open_tick(60)

    assert tick.previous is None
    assert coordinator.vitals().ticked_at == tick.at


def test_a_shorter_period_takes_effect_at_once(coordinator):
    """SLEEP_PERIOD was an hour; the next tick is not an hour away."""
    coordinator.open_tick(3600)

    assert coordinator.open_tick(10) is not None


def test_what_is_reserved_is_not_reserved_again(coordinator):
    assert coordinator.reserve([1, 2, 3], "one", 60) == [1, 2, 3]
    assert coordinator.reserve([2, 3, 4], "other", 60) == [4]
    assert coordinator.reserve([], "none", 60) == []


def test_the_reserved_apps_are_busy(coordinator):
    coordinator.reserve([1, 2], "one", 60)

    assert coordinator.busy([1, 3]) == {1}
    assert coordinator.busy([]) == set()


def test_an_evaluation_begins_under_its_own_reservation_only(coordinator):
    coordinator.reserve([1], "one", 60)

    assert coordinator.begin(1, "other") is None
    assert coordinator.begin(1, "one") is not None


def test_an_evaluation_that_nobody_ordered_does_not_begin(coordinator):
    assert coordinator.begin(1, "one") is None
    assert coordinator.busy([1]) == set()


def test_a_message_that_comes_after_its_reservation_is_too_late(coordinator):
    coordinator.reserve([1], "one", 0.05)
    if isinstance(coordinator, MemoryCoordinator):
        coordinator._clock.walk(1)
    if isinstance(coordinator, SimulatedCoordinator):
        coordinator.clock.walk(1)

    wait_until(lambda: coordinator.busy([1]) == set(), timeout=2)
    assert coordinator.begin(1, "one") is None


def test_a_message_that_comes_twice_is_evaluated_once(coordinator):
    coordinator.reserve([1], "one", 60)
    coordinator.begin(1, "one")

    assert coordinator.begin(1, "one") is None


def test_a_finished_evaluation_leaves_the_app_free(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.reserve([1], "other", 60) == [1]


def test_a_memory_can_be_stored_in_the_midst_of_an_evaluation(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    memory = Memory(formation={"worker": ProcessType(3)})

    assert coordinator.store(lease, memory)
    assert coordinator.recall([1]) == {1: memory}
    assert coordinator.busy([1]) == {1}


def test_nothing_is_stored_under_a_lease_that_is_over(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert not coordinator.store(lease, Memory(slow=True))
    assert coordinator.recall([1]) == {}


def test_what_is_remembered_comes_back_whole(coordinator):
    lease, memory = begin(coordinator, 1, "one")
    assert memory == Memory()
    coordinator.finish(lease, FULL)

    assert begin(coordinator, 1, "two")[1] == FULL
    assert coordinator.recall([1, 2]) == {1: FULL}
    assert coordinator.recall([]) == {}


def test_no_change_leaves_the_memory_as_it_was(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, None)

    assert coordinator.recall([1]) == {1: FULL}


def test_slow_apps_are_known_until_they_are_not(coordinator):
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


def test_a_rest_that_another_clock_wrote_is_none(client):
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(rest=86_400.0))

    assert coordinator.resting() == set()


def test_the_signs_of_life(coordinator):
    assert coordinator.vitals().ticked_at is None
    assert coordinator.vitals().evaluated_at is None

    coordinator.open_tick(60)
    for app_id, stuck in ((1, True), (2, True), (3, False)):
        lease, _ = begin(coordinator, app_id, "one")
        coordinator.finish(lease, Memory(stuck=stuck))
    first = coordinator.vitals()
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory(stuck=True, slow=True))  # still
    lease, _ = begin(coordinator, 2, "two")
    coordinator.finish(lease, Memory(stuck=False))
    second = coordinator.vitals()

    assert first.evaluated_at is not None
    assert (first.stuck, second.stuck) == (2, 1)
    assert first.stuck_since == second.stuck_since


def test_an_evaluation_that_changes_nothing_is_a_sign_of_life(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.vitals().evaluated_at is not None


def test_a_forgotten_app_is_unknown(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    coordinator.forget(1)

    assert coordinator.recall([1]) == {}
    assert coordinator.slow() == set()
    assert coordinator.resting() == set()


def test_once_is_once(coordinator):
    assert coordinator.once("prune", 60)
    assert not coordinator.once("prune", 60)
    assert coordinator.once("other", 60)


def test_who_lost_the_lease_drops_the_memory_of_the_other(client):
    """It cannot know what the other did: the formation is read anew."""
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, FULL)
    lost, _ = begin(coordinator, 1, "two")
    client.set("scalar:lease:1", "another")
    coordinator.finish(lost, Memory(formation={"worker": ProcessType(99)}))

    assert coordinator.recall([1]) == {}
    assert client.get("scalar:lease:1") == "another"


def test_who_comes_back_after_the_lease_has_ended_drops_the_memory(client):
    """Another evaluation may have come and gone meanwhile."""
    coordinator = RedisCoordinator(client)
    frozen, _ = begin(coordinator, 1, "one")
    client.delete("scalar:lease:1")
    coordinator.finish(frozen, Memory(formation={"worker": ProcessType(99)}))

    assert coordinator.recall([1]) == {}


def test_a_lease_is_kept_up_while_the_evaluation_lasts(client):
    """It is short, but does not end under a slow evaluation."""
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    client.pexpire("scalar:lease:1", 1500)

    wait_until(lambda: client.pttl("scalar:lease:1") > 2000, timeout=5)
    assert coordinator.store(lease, Memory())


def test_a_reservation_ends_by_itself(client):
    coordinator = RedisCoordinator(client)
    coordinator.reserve([1], "one", 0.05)

    wait_until(lambda: coordinator.reserve([1], "two", 60) == [1], timeout=2)


def test_a_memory_that_cannot_be_read_is_no_memory(client):
    coordinator = RedisCoordinator(client)
    for text in ("not json", "[]", '{"v":99}', '{"v":1,"formation":{"web":"x"}}', "1"):
        client.set("scalar:app:1", text)
        lease, memory = begin(coordinator, 1, "one")
        assert memory == Memory()
        coordinator.finish(lease, None)


def test_a_redis_that_is_away_is_our_own_error(own_redis):
    client = connect(own_redis.url)
    coordinator = RedisCoordinator(client)
    own_redis.kill()

    with pytest.raises(CoordinationError, match="Redis"):
        coordinator.open_tick(10)
    client.close()


def test_after_a_restart_redis_is_used_again(own_redis):
    client = connect(own_redis.url)
    coordinator = RedisCoordinator(client)
    coordinator.open_tick(60)
    own_redis.restart()

    assert coordinator.open_tick(60) is not None
    client.close()

"""The contract of the coordinator, in memory and in a real Redis."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from scalar.adapters.inmemory import coordination as inmemory_coordination
from scalar.adapters.inmemory.chance import SeededChance
from scalar.adapters.inmemory.clock import WalkedClock
from scalar.adapters.inmemory.coordination import MemoryCoordinator
from scalar.adapters.redis import coordinator as redis_coordinator
from scalar.adapters.redis.connection import connect
from scalar.adapters.redis.coordinator import RedisCoordinator
from scalar.adapters.redis.lease_keeper import LeaseKeeper
from scalar.core.app_state import Hold, Memory, Refusal
from scalar.core.errors import CoordinationError
from scalar.core.event import Event, EventKind
from scalar.core.formation import ProcessType
from scalar.core.health import NOT_DECIDED, Outcome, Tally
from scalar.core.reason import Cause, Reason
from scalar.ports.coordination import Lease
from simulation import redis_twin
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
    walk(coordinator, 1)

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


def walk(coordinator, seconds):
    """Let time go by, where it is not the real one."""
    if isinstance(coordinator, MemoryCoordinator):
        coordinator._clock.walk(seconds)
    if isinstance(coordinator, SimulatedCoordinator):
        coordinator.clock.walk(seconds)


def test_an_app_is_slow_until_it_answers_fast(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(slow=True))
    found = coordinator.standing([1, 2])
    assert found.keys() == {1}
    assert found[1].is_slow
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory(slow=False))

    assert coordinator.standing([1, 2]) == {}
    assert coordinator.standing([]) == {}


def test_an_app_that_is_not_polled_for_long_is_no_longer_slow(coordinator, monkeypatch):
    for module in (inmemory_coordination, redis_coordinator, redis_twin):
        monkeypatch.setattr(module, "SLOW_SECONDS", 0.2)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(slow=True))
    assert coordinator.standing([1])[1].is_slow
    walk(coordinator, 1)

    wait_until(lambda: coordinator.standing([1]) == {}, timeout=2)


def test_an_app_rests_until_its_time_is_over_or_it_answers(coordinator):
    for app_id, rest in ((1, 60.0), (2, 0.001)):
        lease, _ = begin(coordinator, app_id, "one")
        coordinator.finish(lease, Memory(rest=rest, slow=True))
    walk(coordinator, 1)

    wait_until(lambda: coordinator.standing([1, 2])[2].waits >= 0)
    assert -60 < coordinator.standing([1])[1].waits < 0
    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory())

    assert coordinator.standing([1]) == {}


def test_a_rest_written_by_another_clock_is_ignored(client):
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(rest=86_400.0))

    assert coordinator.standing([1]) == {}


def test_the_oldest_poll_is_known_even_if_nothing_changed(coordinator):
    """An app that is seen and never polled counts from when it was seen."""
    assert coordinator.heartbeats().oldest_poll_at is None
    coordinator.standing([1, 2])
    walk(coordinator, 1)
    wait_until(lambda: coordinator.heartbeats().at > oldest(coordinator), timeout=2)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)
    walk(coordinator, 1)

    seen = oldest(coordinator)
    assert polled_before(coordinator, timedelta(seconds=60)) == [2, 1]
    assert polled_before(coordinator, timedelta(0)) == []
    coordinator.forget(2)
    assert oldest(coordinator) > seen
    assert polled_before(coordinator, timedelta(seconds=60)) == [1]
    assert coordinator.polled_before(seen + timedelta(seconds=60), 0) == []


def oldest(coordinator):
    return coordinator.heartbeats().oldest_poll_at


def polled_before(coordinator, later):
    """Return the apps polled before the oldest poll and some time more."""
    return coordinator.polled_before(oldest(coordinator) + later, 10)


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


def test_apps_with_a_manual_lease_are_counted_while_it_lasts(coordinator):
    now = coordinator.heartbeats().at
    assert coordinator.heartbeats().leased == 0

    for app_id, minutes in ((1, 60), (2, 60), (3, -1), (4, 60)):
        lease, _ = begin(coordinator, app_id, "one")
        until = now + timedelta(minutes=minutes)
        coordinator.finish(lease, Memory(leased_until=until))
    assert coordinator.heartbeats().leased == 3

    lease, _ = begin(coordinator, 1, "two")
    coordinator.finish(lease, Memory())
    coordinator.forget(2)
    assert coordinator.heartbeats().leased == 1


def test_an_evaluation_without_a_change_is_a_heartbeat(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.heartbeats().evaluated_at is not None


def test_forgetting_an_app_deletes_all_of_its_state(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, replace(FULL, stuck=True))
    coordinator.reserve([1, 2], "message", 60)
    coordinator.forget(1)

    assert coordinator.recall([1]) == {}
    assert coordinator.busy([1, 2]) == {2}
    assert coordinator.standing([1]) == {}
    assert coordinator.heartbeats().stuck == 0


def test_forgetting_an_app_leaves_no_redis_key_of_it(client):
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 77, "one")
    coordinator.finish(lease, replace(FULL, stuck=True))
    coordinator.reserve([77], "message", 60)
    coordinator.forget(77)

    assert [key for key in client.scan_iter() if "77" in key] == []
    for key in client.scan_iter("scalar:*"):
        kind = client.type(key)
        members = {"zset": lambda k: client.zrange(k, 0, -1), "set": client.smembers}
        assert "77" not in members.get(kind, lambda _: ())(key)


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


def test_an_evaluation_that_hangs_does_not_keep_its_lease(client, monkeypatch):
    monkeypatch.setattr(redis_coordinator, "LONGEST_EVALUATION", 0.1)
    coordinator = RedisCoordinator(client)
    begin(coordinator, 1, "one")
    client.pexpire("scalar:lease:1", 1500)

    wait_until(lambda: client.get("scalar:lease:1") is None, timeout=5)


def test_a_reservation_expires(client):
    coordinator = RedisCoordinator(client)
    coordinator.reserve([1], "one", 0.05)

    wait_until(lambda: coordinator.reserve([1], "two", 60) == [1], timeout=2)


def test_an_unreadable_memory_counts_as_empty(client):
    coordinator = RedisCoordinator(client)
    for text in ("not json", "[]", '{"v":99}', '{"v":1,"formation":{"web":"x"}}', "1"):
        client.set("scalar:app:1", text)
        lease, memory = begin(coordinator, 1, "one")
        assert replace(memory, doubtful=False) == Memory()
        coordinator.finish(lease, None)


def test_what_another_server_has_stored_is_doubtful_until_the_formation_is_read(
    own_redis,
):
    client = connect(own_redis.url)
    coordinator = RedisCoordinator(client)
    client.config_set("save", "1 1")
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, Memory(stuck=True))
    lease, memory = begin(coordinator, 1, "two")
    assert not memory.doubtful
    coordinator.finish(lease, None)
    client.save()
    own_redis.restart()

    for token in ("three", "four"):
        lease, memory = begin(coordinator, 1, token)
        assert memory == Memory(stuck=True, doubtful=True)
        coordinator.finish(lease, memory)
    client.close()


def test_a_lease_tells_the_time_of_redis(client):
    seconds, _ = client.time()
    lease, _ = begin(RedisCoordinator(client), 1, "one")

    assert 0 <= lease.at.timestamp() - seconds < 60


def test_an_app_whose_memory_is_no_text_spoils_no_other(client, redis_url):
    """The next evaluation reads the formation again, and stores a new memory."""
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 2, "one")
    coordinator.finish(lease, FULL)
    with Redis.from_url(redis_url) as raw:
        raw.set("scalar:app:1", b'{"v":1,"reported":["\xff\xfe"]}')

    assert coordinator.recall([1, 2]) == {1: Memory(), 2: FULL}
    lease, memory = begin(coordinator, 1, "two")
    assert replace(memory, doubtful=False) == Memory()
    coordinator.finish(lease, FULL)
    assert coordinator.recall([1]) == {1: FULL}


@pytest.mark.parametrize("forged", ["x", "9" * 5_000, "²", "-1", b"\xff"])
def test_a_forged_time_is_an_error_of_redis(client, forged):
    coordinator = RedisCoordinator(client)
    client.set("scalar:evaluated", forged)
    with pytest.raises(CoordinationError, match="for a time"):
        coordinator.heartbeats()
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.heartbeats().evaluated_at is not None


def test_a_forged_app_is_not_waited_for(client):
    coordinator = RedisCoordinator(client)
    client.zadd("scalar:polled", {"x": 1, "²": 2, "7": 3})

    assert coordinator.polled_before(NOON, 10) == [7]
    assert client.zrange("scalar:polled", 0, -1) == ["7"]


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


def test_a_memory_is_kept_for_days(client):
    coordinator = RedisCoordinator(client)
    lease, _ = begin(coordinator, 1, "one")
    coordinator.store(lease, FULL)
    assert client.ttl("scalar:app:1") > 6 * 86_400
    client.expire("scalar:app:1", 60)
    coordinator.finish(lease, FULL)

    assert client.ttl("scalar:app:1") > 6 * 86_400


def test_a_lease_that_was_dropped_is_renewed_no_more(client):
    """A renewal is seen by the end of the other lease: it shortens that."""
    keeper = LeaseKeeper(client, seconds=0.06, longest=60)
    for name in ("dropped", "kept"):
        client.set(name, "one", px=60_000)
        keeper.keep(name, "one")
    keeper.drop("dropped")
    client.set("dropped", "one", px=60_000)

    wait_until(lambda: client.pttl("kept") < 1_000, timeout=5)
    keeper.drop("kept")
    assert client.pttl("dropped") > 1_000


def test_only_an_evaluation_that_decides_is_one(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None, (), NOT_DECIDED)

    assert coordinator.heartbeats().evaluated_at is None
    assert coordinator.heartbeats().ended_at is not None


def test_apps_that_are_held_are_counted_with_their_reasons(coordinator):
    for app_id, reason in (
        *((1, Reason.COUNTS_UNAVAILABLE), (2, Reason.FORBIDDEN), (3, None)),
        *((1, Reason.COUNTS_MALFORMED), (2, None)),
    ):
        lease, _ = begin(coordinator, app_id, "one")
        coordinator.finish(lease, None, (), Outcome(held=reason))
        if (app_id, reason) == (1, Reason.COUNTS_UNAVAILABLE):
            first = coordinator.heartbeats()

    now = coordinator.heartbeats()
    assert (now.known, now.held, now.held_long) == (3, 1, 0)
    (app,) = now.held_apps
    assert (app.app_id, app.reason) == (1, "counts_malformed")
    assert app.since == first.held_apps[0].since
    coordinator.forget(1)
    assert coordinator.heartbeats().held_apps == ()


def test_who_lost_the_lease_says_nothing_of_what_is_held(coordinator):
    lost = Lease(1, "lost", datetime.now(UTC))
    coordinator.finish(lost, None, (), Outcome(held=Reason.FORBIDDEN))

    assert coordinator.heartbeats().held == 0


def test_when_apps_were_polled_is_known(coordinator):
    lease, _ = begin(coordinator, 1, "one")
    coordinator.finish(lease, None)

    assert coordinator.polled([1, 2]) == {1: coordinator.heartbeats().ended_at}
    assert coordinator.polled([]) == {}


def test_a_tally_counts_polls_and_changes_since_the_last_one(coordinator):
    for changes in (0, 2, 1):
        lease, _ = begin(coordinator, 1, "one")
        coordinator.finish(lease, None, (), Outcome(changes=changes))

    assert coordinator.tally() == Tally(3, 3)
    assert coordinator.tally() == Tally(0, 0)

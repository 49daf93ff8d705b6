"""One tick, in memory."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scalar.core.app_state import Memory
from scalar.core.errors import CountsUnavailable
from scalar.service import paging
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from scalar.service.fan_out import fan_out
from tests.support.leases import begin
from tests.unit.world import World


class Queue:
    """Keeps what is published; a worker takes all of it at once, and dies."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.tokens: list[str] = []
        self.slow: list[str] = []

    def waiting(self):
        return 0

    def publish(self, keys, token, *, slow=False):
        self.sent += [key.name for key in keys]
        self.slow += [key.name for key in keys if slow]
        self.tokens += [token] * len(keys)


class Backlog(Queue):
    """A queue of which workers take what they can."""

    taken = 0

    def waiting(self):
        return len(self.sent) - self.taken

    def take(self, number):
        """Let workers take messages; return the apps and tokens, first one first."""
        first, self.taken = self.taken, min(self.taken + number, len(self.sent))
        return list(zip(self.sent, self.tokens, strict=True))[first : self.taken]


@pytest.fixture
def world():
    world = World()
    for name in ("shop", "blog", "mail"):
        world.add(name, worker=1)
        world.report({"worker": 1}, name)
    return world


def test_every_app_is_sent_once(world):
    queue = Queue()
    done = fan_out(world.parts, queue)

    assert sorted(queue.sent) == ["blog", "mail", "shop"]
    assert done.sent == 3


def test_two_beats_do_not_double_the_rate(world):
    """Two beats 3 s apart, for a minute: 6 ticks of 10 s, not 12."""
    queue = Queue()
    for _ in range(6):
        fan_out(world.parts, queue)
        world.clock.walk(3)
        fan_out(world.parts, queue)
        world.clock.walk(7)

    assert len(queue.sent) == 6 * 3


@pytest.mark.parametrize("every", [3, 13, 19])
def test_a_beat_that_is_restarted_within_each_period_ticks_all_the_same(world, every):
    """It ticks as it starts; what comes too early is refused: no app is left out."""
    queue = Queue()
    accepted = []
    for second in range(0, 200, every):
        if fan_out(world.parts, queue):
            accepted.append(second)
        world.clock.walk(every)
    gaps = [later - before for before, later in pairwise(accepted)]

    assert len(gaps) >= 200 / 26 - 1
    assert all(10 - 2.5 <= gap <= 10 + every for gap in gaps)


def test_a_late_beat_ticks_and_is_told_of(world, caplog):
    queue = Queue()
    fan_out(world.parts, queue)
    world.clock.walk(35)
    fan_out(world.parts, queue)

    assert len(queue.sent) == 6
    assert caplog.messages == ["tick.late seconds=35.0 period=10"]


def test_a_burst_of_late_ticks_is_one_tick(world):
    queue = Queue()
    fan_out(world.parts, queue)
    world.clock.walk(60)
    for _ in range(6):
        fan_out(world.parts, queue)

    assert len(queue.sent) == 6


def test_jitter_loses_no_tick(world):
    """Up to 2 s late around a period of 10 s; the workers keep up."""
    queue = Queue()
    for step in (10, 12, 8, 11, 9, 12, 8, 10):
        world.clock.walk(step)
        fan_out(world.parts, queue)
        for name in ("shop", "blog", "mail"):
            poll_and_scale(world.parts, world.registry.app_key(name), queue.tokens[-1])

    assert len(queue.sent) == 8 * 3


def test_an_app_under_way_is_left_out(world):
    queue = Queue()
    app_id = world.registry.app_key("shop").id
    begin(world.coordinator, app_id, "an evaluation that takes long")
    done = fan_out(world.parts, queue)

    assert sorted(queue.sent) == ["blog", "mail"]
    assert done.left_out == 1


def test_a_lost_message_costs_one_poll(world):
    """A worker died with the first batch: the next tick sends all of it again."""
    queue = Queue()
    fan_out(world.parts, queue)
    world.clock.walk(10)
    fan_out(world.parts, queue)

    assert len(queue.sent) == 6


def slow_apps(world, number):
    """Add apps that were just polled in vain."""
    for one in range(number):
        world.add(f"slow-{one}", worker=1)
        world.report(CountsUnavailable("no answer in time"), f"slow-{one}")
        world.poll(f"slow-{one}", seconds=0)


def test_slow_apps_are_marked_and_sent_last(world):
    """Workers use half of their threads for them; all of them are sent."""
    slow_apps(world, 200)
    queue = Queue()
    fan_out(world.parts, queue)

    assert sorted(queue.sent[:3]) == ["blog", "mail", "shop"]
    assert sorted(queue.sent[3:]) == sorted(queue.slow)
    assert len(queue.slow) == 200


def test_among_slow_apps_the_oldest_poll_comes_first_across_pages(monkeypatch):
    world = World()
    monkeypatch.setattr(paging, "PAGE", 10)
    slow_apps(world, 30)
    order = [f"slow-{one}" for one in (*range(20, 30), *range(20))]
    for name in order:
        world.poll(name, seconds=0.1)
    queue = Queue()
    fan_out(world.parts, queue)

    assert queue.slow == order


def test_a_tick_says_how_many_slow_apps_found_no_thread(world, caplog):
    """They were sent by the tick before, too, and nobody polled them since."""
    slow_apps(world, 5)
    queue = Queue()
    done = []
    for name in ("slow-0", "slow-1", "slow-2"):
        world.clock.walk(10)
        done.append(fan_out(world.parts, queue).overdue)
        poll_and_scale(world.parts, world.registry.app_key(name), queue.tokens[-1])

    assert done == [0, 4, 4]
    assert "tick.slow_apps_wait apps=4 longest=30 period=10" in caplog.messages


def test_an_app_that_was_not_polled_for_long_does_not_count_as_slow(world):
    """The mark fades: nobody knows whether the app is still slow."""
    slow_apps(world, 1)
    queue = Queue()
    world.clock.walk(599)
    fan_out(world.parts, queue)
    assert queue.slow == ["slow-0"]

    world.clock.walk(12)
    fan_out(world.parts, queue)
    assert queue.slow == ["slow-0"]
    assert queue.sent.count("slow-0") == 2


def test_slow_apps_are_polled_as_fast_as_they_answer_again():
    """200 apps were slow for once: the next tick's messages poll all of them."""
    world = World()
    slow_apps(world, 200)
    world.clock.walk(10)
    for number in range(200):
        world.report({"worker": 1}, f"slow-{number}")

    assert len(world.tick()) == 200
    assert world.coordinator.standing(range(1, 201)) == {}


def test_what_is_kept_of_an_app_that_is_gone_is_dropped(world):
    """Its last evaluation ended after it was removed; it would count as not polled."""
    gone = world.registry.app_key("mail")
    world.tick()
    world.registry.remove("mail")
    world.clock.walk(10)
    lease, _ = begin(world.coordinator, gone.id, "late")
    world.coordinator.finish(lease, Memory(stuck=True))
    world.clock.walk(10)
    fan_out(world.parts, Queue())

    assert world.coordinator.recall([gone.id]) == {}
    assert world.coordinator.heartbeats().stuck == 0
    assert gone.id not in world.coordinator.polled_before(world.clock.now(), 10)


def behind(world, queue, ticks, polls):
    """Let workers manage so many polls a period; return the names in their order."""
    polled = []
    for _ in range(ticks):
        fan_out(world.parts, queue)
        for name, token in queue.take(polls):
            if poll_and_scale(world.parts, world.registry.app_key(name), token):
                polled.append(name)
        world.clock.walk(10)
    return polled


@pytest.fixture
def crowd():
    """40 apps."""
    world = World()
    for number in range(40):
        world.add(f"app-{number}", worker=1)
        world.report({"worker": 1}, f"app-{number}")
    return world


def test_workers_that_do_not_keep_up_poll_all_they_can(crowd):
    """10 of 40 in a period: after the first ones no message comes too late."""
    queue = Backlog()
    behind(crowd, queue, ticks=4, polls=10)

    assert len(behind(crowd, queue, ticks=50, polls=10)) == 50 * 10


@pytest.mark.parametrize(("polls", "periods"), [(5, 8), (10, 4), (25, 2), (36, 2)])
def test_no_app_is_left_out_by_workers_that_do_not_keep_up(crowd, polls, periods):
    """All are polled equally often: once in so many periods."""
    queue = Backlog()
    behind(crowd, queue, ticks=30, polls=polls)

    for _ in range(4):
        assert len(set(behind(crowd, queue, ticks=periods, polls=polls))) == 40


@pytest.mark.parametrize("pace", [(6, 14), (1, 19), (10, 10, 10, 22)])
def test_workers_whose_pace_varies_leave_no_app_out(crowd, pace):
    queue = Backlog()
    behind(crowd, queue, ticks=8, polls=10)

    polled = [name for polls in pace * 8 for name in behind(crowd, queue, 1, polls)]
    assert len(set(polled)) == 40


def test_a_message_that_was_lost_on_the_way_is_replaced_when_it_is_missed(crowd):
    """At 25 of 40 in a period nobody waits for more than three periods."""
    queue = Backlog()
    behind(crowd, queue, ticks=8, polls=25)
    lost = {name for name, _ in queue.take(10)}

    assert lost <= set(behind(crowd, queue, ticks=5, polls=25))


def test_the_queue_does_not_grow_while_the_workers_do_not_keep_up(crowd):
    queue = Backlog()
    behind(crowd, queue, ticks=50, polls=10)

    assert queue.waiting() <= 40


def test_that_the_workers_do_not_keep_up_is_told(crowd, caplog):
    behind(crowd, Backlog(), ticks=2, polls=10)

    assert caplog.messages == ["tick.behind waiting=30 period=10"]


def test_after_that_a_lost_message_costs_one_poll_again(crowd):
    queue = Backlog()
    behind(crowd, queue, ticks=8, polls=10)
    behind(crowd, queue, ticks=12, polls=1_000)
    fan_out(crowd.parts, queue)
    lost = {name for name, _ in queue.take(40)}
    crowd.clock.walk(10)
    fan_out(crowd.parts, queue)

    assert lost == {name for name, _ in queue.take(40)}
    assert len(lost) == 40


def test_events_are_pruned_once_a_day(world):
    world.report({"worker": 99}, "shop")
    world.poll()
    assert len(world.journal.events) == 1
    world.clock.walk(91 * 86_400)
    fan_out(world.parts, Queue())

    assert world.journal.events == []


def test_many_apps_are_sent_page_by_page():
    world = World()
    for number in range(2_500):
        world.add(f"app-{number}", worker=1)
    queue = Queue()
    fan_out(world.parts, queue)

    assert len(set(queue.sent)) == 2_500


@pytest.mark.parametrize(
    ("part", "is_valid"), [(0.5, True), (0.8, True), (0.95, False)]
)
def test_a_message_may_be_late_but_not_until_the_next_tick(world, part, is_valid):
    queue = Queue()
    fan_out(world.parts, queue)
    world.clock.walk(part * world.parts.options.sleep_period)
    key = world.registry.app_key(queue.sent[0])
    done = poll_and_scale(world.parts, key, queue.tokens[0])

    assert (done is not None) == is_valid

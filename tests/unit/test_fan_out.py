"""One tick, in memory."""

from __future__ import annotations

import pytest

from scalar.errors import CountsUnavailable
from scalar.service.fan_out import fan_out
from scalar.service.poll_and_scale import poll_and_scale
from tests.unit.world import World


class Queue:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.tokens: list[str] = []

    def publish(self, keys, token):
        self.sent += [key.name for key in keys]
        self.tokens += [token] * len(keys)


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
            poll_and_scale(world.parts, world.registry.key(name), queue.tokens[-1])

    assert len(queue.sent) == 8 * 3


def test_an_app_under_way_is_left_out(world):
    queue = Queue()
    app_id = world.registry.key("shop").id
    world.coordinator.begin(app_id, "an evaluation that takes long")
    done = fan_out(world.parts, queue)

    assert sorted(queue.sent) == ["blog", "mail"]
    assert done.left_out == 1


def test_a_lost_message_costs_one_poll(world):
    """Nobody took the first batch: the next tick sends all of it again."""
    queue = Queue()
    fan_out(world.parts, queue)
    world.clock.walk(10)
    fan_out(world.parts, queue)

    assert len(queue.sent) == 6


def test_apps_that_fail_take_half_of_the_threads_at_most():
    """200 dead apps, 5 healthy ones, 50 threads: 25 of the dead at a time."""
    world = World()
    for number in range(200):
        world.add(f"dead-{number}", worker=1)
        world.report(CountsUnavailable("no answer in time"), f"dead-{number}")
        world.poll(f"dead-{number}", seconds=0)
    for number in range(5):
        world.add(f"good-{number}", worker=1)

    queue = Queue()
    fan_out(world.parts, queue)
    assert sum(name.startswith("good") for name in queue.sent) == 5
    assert sum(name.startswith("dead") for name in queue.sent) == 25


def test_no_dead_app_is_left_out_for_ever():
    world = World()
    for number in range(60):
        world.add(f"dead-{number}", worker=1)
        world.report(CountsUnavailable("no answer in time"), f"dead-{number}")
        world.poll(f"dead-{number}", seconds=0)

    queue = Queue()
    for _ in range(60):
        fan_out(world.parts, queue)
        world.clock.walk(10)
    assert len(set(queue.sent)) == 60


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

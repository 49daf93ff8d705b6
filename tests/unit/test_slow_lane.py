"""The threads of a worker that evaluate slow apps."""

from __future__ import annotations

from threading import Barrier, Event, Thread

import pytest

from scalar.worker import SlowLane


@pytest.fixture
def done():
    return []


def test_an_evaluation_runs_in_the_thread_that_brings_it(done):
    lane = SlowLane(2)
    lane.run(1, lambda: done.append(1))

    assert done == [1]


@pytest.fixture
def full():
    """A lane of two threads, both evaluating; setting the event ends that."""
    lane, begun, go_on = SlowLane(2), Barrier(3), Event()

    def evaluate():
        begun.wait(5)
        go_on.wait(5)

    threads = [Thread(target=lane.run, args=(-n, evaluate)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    begun.wait(5)

    def end():
        go_on.set()
        for thread in threads:
            thread.join(5)

    yield lane, end
    end()


def test_without_a_free_thread_it_is_left_to_the_others_in_order(full, done):
    """So the thread that brings it is free for the apps that answer."""
    lane, end = full
    for number in range(50):
        lane.run(number, lambda number=number: done.append(number))
    assert done == []

    end()
    assert sorted(done) == list(range(50))
    lane.run(99, lambda: done.append(99))
    assert done[-1] == 99


def test_one_thread_takes_them_in_the_order_of_arrival(done):
    lane = SlowLane(1)

    def first():
        for number in (3, 1, 2):
            lane.run(number, lambda number=number: done.append(number))

    lane.run(7, first)
    assert done == [3, 1, 2]


def test_a_newer_message_replaces_the_one_of_the_same_app_that_waits(full, done):
    """The older one is void; what waits does not grow from tick to tick."""
    lane, end = full
    for tick in range(3):
        lane.run(1, lambda tick=tick: done.append(tick))

    end()
    assert done == [2]


def test_a_failure_does_not_use_up_a_thread(done):
    lane = SlowLane(1)

    def fail():
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            lane.run(1, fail)
    lane.run(1, lambda: done.append(1))

    assert done == [1]


def test_a_worker_that_ends_begins_nothing_that_waits(full, done):
    lane, end = full
    lane.run(1, lambda: done.append(1))
    lane.close()
    end()
    lane.run(2, lambda: done.append(2))

    assert done == []

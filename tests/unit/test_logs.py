"""The log is for reading: once, then at growing intervals, and when it ends."""

from __future__ import annotations

import io
import logging
import random

import pytest

from scalar.core import repeated
from scalar.core.errors import CountsUnavailable
from scalar.core.repeated import Repetitions, ends, repeats
from scalar.logs import set_up_logging
from scalar.service.fan_out import fan_out
from scalar.service.health import send_heartbeat
from tests.support.cli import logging_restored
from tests.unit.world import World


@pytest.fixture
def printed():
    """Log as a process does; return what it printed so far."""
    with logging_restored():
        output = io.StringIO()
        set_up_logging("INFO", output)
        yield output.getvalue
        logging.getLogger().handlers.clear()


@pytest.fixture
def world():
    world = World()
    world.add(worker=1)
    world.report({"worker": 4})
    return world


def count(printed, text):
    return sum(text in line for line in printed().splitlines())


class NoSwitch:
    def ping(self):
        return True


def test_a_cause_is_told_once_then_at_growing_intervals_with_the_number_left_out():
    seldom = Repetitions()
    told = {second: seldom.tell("a", second) for second in range(600)}

    shown = {second: left for second, left in told.items() if left is not None}
    assert shown == {0: 0, 60: 59, 180: 119, 420: 239}


def test_a_cause_that_was_gone_for_long_is_a_new_one():
    seldom = Repetitions()
    assert [seldom.tell("a", at) for at in (0, 1, 2, 500, 501)] == [
        *(0, None, None, 2, None)
    ]


def test_only_so_many_causes_are_remembered(monkeypatch):
    monkeypatch.setattr(repeated, "MOST_CAUSES", 2)
    seldom = Repetitions()
    for cause in "abc":
        seldom.tell(cause, 0)

    assert [seldom.knows(cause) for cause in "abc"] == [False, True, True]


def test_an_end_is_told_once_it_is_quiet():
    seldom, cause = Repetitions(), repeats("poll", "Redis")["repeats"]
    for at in range(5):
        seldom.tell(cause, at)
    poll = ends("poll")["ends"]

    assert seldom.end(poll, 10, 30) is None  # another worker may fail on
    assert seldom.end(ends("po")["ends"], 100) is None  # another cause
    assert seldom.end(poll, 40, 30) == 4
    assert seldom.end(poll, 41, 30) is None


def test_an_app_that_is_held_is_told_once_and_when_it_ends(world, printed):
    world.report(CountsUnavailable("HTTP 500"))
    for _ in range(194):
        world.poll()
    assert count(printed, "scale.held") == 1

    world.report({"worker": 4})
    world.poll()
    assert count(printed, "scale.resumed app=shop reason=counts_unavailable") == 1
    assert "times=194 seconds=1940 left_out=193" in printed()


def test_an_app_that_is_held_every_other_time_is_told_as_seldom(world, printed):
    for number in range(100):
        world.report(CountsUnavailable("HTTP 500") if number % 2 else {"worker": 4})
        world.poll()

    assert (count(printed, "scale.held"), count(printed, "scale.resumed")) == (1, 1)


def test_another_reason_is_told_at_once(world, printed):
    for error in (CountsUnavailable("HTTP 500"), KeyError("a fault"), *[None] * 3):
        world.report(error or CountsUnavailable("HTTP 500"))
        world.poll()

    assert count(printed, "reason=counts_unavailable") == 1
    assert count(printed, "reason=internal_error") == 1


def test_a_traceback_is_printed_once_for_its_cause(world, printed):
    world.add("blog", worker=1)
    for name in ("shop", "blog"):
        world.report(KeyError("a fault"), name)
    for _ in range(30):
        world.tick()
        world.clock.walk(10)

    assert count(printed, "Traceback") == 1
    assert count(printed, "poll.failed") == 1


def test_a_librarys_warnings_are_one_cause_whatever_their_numbers(printed):
    other = logging.getLogger("kombu.somewhere")
    for number in range(50):
        other.warning(f"connection {number} lost")
        other.error("Cannot connect to %s", random.random())
        try:
            int(f"no number: {number}")
        except ValueError:
            other.exception("failed")

    assert count(printed, "lost") == 1
    assert count(printed, "Cannot connect") == 1
    assert count(printed, "Traceback") == 1


def test_what_is_unwell_is_one_line_and_not_at_each_tick(world, printed):
    for _ in range(10):
        world.tick()
        world.clock.walk(10)
        send_heartbeat(world.parts, NoSwitch())
    for _ in range(100):
        world.clock.walk(10)
        world.tick(evaluates=False)
        send_heartbeat(world.parts, NoSwitch())

    lines = [line for line in printed().splitlines() if "status.unwell" in line]
    assert len(lines) == 2  # evaluations, then polls as well
    assert "what=evaluations " in lines[0]
    assert "what=evaluations,polls " in lines[1]


def test_a_healthy_hour_has_a_line(world, printed):
    for _ in range(2 * 360 + 1):
        world.tick()
        world.clock.walk(10)
        send_heartbeat(world.parts, NoSwitch())

    lines = [line for line in printed().splitlines() if "fleet.alive" in line]
    assert lines[-1].endswith("fleet.alive apps=1 polls=360 changes=0 held=0 waiting=0")
    assert len(lines) == 3


def test_what_is_wrong_with_a_tick_is_one_line(world, printed):
    class Behind:
        def waiting(self):
            return 7

        def publish(self, *_arguments, **_options):
            pass

    for _ in range(20):
        fan_out(world.parts, Behind())
        world.clock.walk(35)

    lines = [line for line in printed().splitlines() if "tick." in line]
    assert len(lines) == 2
    assert "tick.behind waiting=7 period=10" in lines[0]
    assert "tick.late seconds=35.0 waiting=7 period=10 also=behind" in lines[1]

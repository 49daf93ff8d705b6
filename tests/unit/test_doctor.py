"""What `doctor` judges: a Redis that is too old, a tick that is too old."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from scalar import doctor
from scalar.adapters.redis.server_facts import RedisFacts
from scalar.settings import Settings
from tests.unit.world import World


@pytest.mark.parametrize("version", ["5.0.14", "6.0.16", "6.1", "2.8.19"])
def test_a_redis_before_6_2_is_too_old(version):
    assert RedisFacts(version, 1).is_too_old


@pytest.mark.parametrize("version", ["6.2.0", "6.2", "7.0.15", "8.1.4", "10.0.0", "7"])
def test_6_2_and_what_came_after_it_is_not(version):
    assert not RedisFacts(version, 1).is_too_old


@pytest.mark.parametrize(
    ("seconds", "state"), [(30, doctor.OK), (31, doctor.FAIL)], ids=["three", "more"]
)
def test_a_tick_is_judged_as_status_does_by_the_clock_that_it_was_taken_on(
    seconds, state
):
    """The clock of the world differs from that of this computer."""
    world = World()
    world.tick()
    world.clock.walk(seconds)
    tools = SimpleNamespace(parts=world.parts, settings=Settings.from_environ({}))

    assert doctor._last_tick(tools)[0] == state

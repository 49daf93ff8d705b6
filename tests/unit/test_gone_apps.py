"""An app that is gone leaves nothing that anybody waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scalar.core.errors import NotAuthorized, RegistryError
from scalar.core.reason import Reason
from scalar.service import fan_out
from scalar.service.registration import remove
from tests.unit.world import World


@pytest.fixture
def world():
    """An app whose change Heroku does not accept, and another one."""
    world = World()
    for name in ("shop", "blog"):
        world.add(name, worker=1)
        world.report({"worker": 95}, name)
    world.platform.failures = [NotAuthorized("Heroku answered 401")]
    world.poll("shop")
    assert world.coordinator.heartbeats().stuck == 1
    return world


def test_a_removed_app_waits_for_nothing(world):
    app_id = world.registry.app_key("shop").id
    world.coordinator.reserve([app_id], "a message under way", 60)
    remove(world.parts, "shop")

    assert world.coordinator.heartbeats().stuck == 0
    assert world.coordinator.busy([app_id]) == set()
    assert world.coordinator.recall([app_id]) == {}


def test_an_app_that_was_removed_while_redis_was_away_is_forgotten_at_a_tick(world):
    world.registry.remove("shop")
    world.clock.walk(10)
    world.tick()

    assert world.coordinator.heartbeats().stuck == 0
    later = world.clock.now() + timedelta(days=1)
    assert world.coordinator.polled_before(later, 10) == [
        world.registry.app_key("blog").id
    ]


def test_an_app_that_is_registered_is_not_forgotten(world):
    before = world.memory("shop")
    world.tick(evaluates=False)

    assert world.coordinator.heartbeats().stuck == 1
    assert world.memory("shop") == before


def test_an_app_that_only_an_old_page_lacks_is_not_forgotten(world, monkeypatch):
    """The database was away for this worker's cache, and an app was added since."""
    monkeypatch.setattr(fan_out, "pages", lambda _apps: iter(()))
    world.tick(evaluates=False)

    assert world.coordinator.heartbeats().stuck == 1


def test_while_the_database_is_away_nothing_is_forgotten(world, monkeypatch):
    def away(*_):
        raise RegistryError("The database does not answer")

    monkeypatch.setattr(fan_out, "pages", lambda _apps: iter(()))
    monkeypatch.setattr(world.registry, "page", away)
    world.tick(evaluates=False)

    assert world.coordinator.heartbeats().stuck == 1


def test_an_evaluation_under_way_changes_nothing_of_a_removed_app(world):
    read = world.counts.read

    def remove_meanwhile(*facts):
        remove(world.parts, "shop")
        return read(*facts)

    world.counts.read = remove_meanwhile
    world.poll("shop")

    assert world.patches == []
    assert world.coordinator.heartbeats().stuck == 0


def test_an_app_that_was_destroyed_waits_for_nothing(world):
    """It is held, and `list-apps` says so; the alarm is for the others."""
    del world.platform.formations["shop"]
    done = world.poll("shop", seconds=3_600)

    assert done.hold.reason is Reason.APP_NOT_ON_HEROKU
    assert world.coordinator.heartbeats().stuck == 0

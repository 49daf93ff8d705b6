"""A second platform is one adapter and one line: no key, no releases, no limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scalar.adapters.platforms_by_name import PlatformsByName
from scalar.core.formation import ProcessType
from scalar.core.platform_rules import PlatformRules, Removal
from scalar.core.reason import Reason
from scalar.ports.platform import PlatformApp
from scalar.service.evaluate.poll_and_scale import evaluate_now, explain
from tests.unit.world import World


class Cluster:
    """A platform that scales whatever it is asked to, for everybody."""

    rules = PlatformRules(
        "a cluster", Removal.UNKNOWN, frozenset(), frozenset({"api"}), most_dynos=20
    )

    calls_left = None

    def __init__(self):
        self.dynos = {"worker": 1}

    def of(self, app):
        del app
        return self

    unmetered = of

    def describe(self, urgency):
        del urgency
        return PlatformApp("1", "shop", web_url="")

    def formation(self, urgency):
        del urgency
        return {name: ProcessType(n) for name, n in self.dynos.items()}

    def scale(self, quantities, urgency):
        self.dynos.update(quantities)
        return self.formation(urgency)


@pytest.fixture
def world():
    """The app `shop` is on a cluster, `blog` on Heroku."""
    world = World()
    world.add("shop", worker=1)
    world.add("blog", worker=1)
    for name in ("shop", "blog"):
        world.report({"worker": 35}, name)
    world.registry.put(replace(world.registry.get("shop"), platform="cluster"))
    return world


def with_platforms(world, **platforms):
    by_name = PlatformsByName({"heroku": world.platform, **platforms})
    return replace(world.parts, platforms=by_name)


def test_each_app_is_scaled_on_its_own_platform(world):
    cluster = Cluster()
    parts = with_platforms(world, cluster=cluster)
    for name in ("shop", "blog"):
        evaluate_now(parts, world.registry.app_key(name))

    assert cluster.dynos == {"worker": 4}
    assert world.dynos("shop") == {"worker": 1}
    assert world.dynos("blog") == {"worker": 4}
    assert explain(parts, world.registry.get("shop")).decisions[0].current == 4


def test_a_decision_keeps_to_the_rules_of_the_platform(world):
    cluster = Cluster()
    cluster.dynos = {"worker": 1, "web": 1, "api": 2}
    world.report({"worker": 10_000, "web": 0, "api": 0}, "shop")
    evaluate_now(with_platforms(world, cluster=cluster), world.registry.app_key("shop"))

    assert cluster.dynos == {"worker": 20, "web": 0, "api": 1}


def test_an_app_on_a_platform_that_is_not_known_is_held_alone(world):
    parts = with_platforms(world)
    done = {
        name: evaluate_now(parts, world.registry.app_key(name))
        for name in ("shop", "blog")
    }

    assert done["shop"].hold.reason is Reason.PLATFORM_UNKNOWN
    assert "'cluster'" in done["shop"].hold.detail
    assert world.dynos("blog") == {"worker": 4}

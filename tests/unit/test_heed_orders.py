"""An order that is typed while an evaluation is under way, or queued, is heard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scalar.adapters.sql.cached_registry import CachedRegistry
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import AboveLimit, RegistryError
from scalar.core.reason import Reason
from scalar.ports.registry import OrdersNow
from scalar.service import registration
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from scalar.service.policies import change_policy
from tests.unit.world import World


class Worker:
    """A worker that has a message for the app, from before the order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parts = replace(world.parts, apps=CachedRegistry(world.registry))
        self.key = world.registry.app_key("shop")
        self.evaluate()

    def evaluate(self):
        self.world.clock.walk(10)
        states = self.world.coordinator
        states.reserve([self.key.id], "token", 60)
        return poll_and_scale(self.parts, self.key, "token")


@pytest.fixture
def world():
    world = World()
    world.add(worker=5)
    world.report({"worker": 50})
    return world


@pytest.fixture
def worker(world):
    worker = Worker(world)
    world.platform.calls.clear()
    return worker


def order(world, process_type=WHOLE_APP, **values):
    change_policy(world.parts, "shop", process_type, put=values)


@pytest.mark.parametrize(
    ("values", "dynos"),
    [
        pytest.param({"pause_down": "resumed"}, 5, id="pause --down"),
        pytest.param({"min": "5"}, 5, id="min"),
        pytest.param({"dry_run": "true"}, 5, id="dry run"),
        pytest.param({"min": "2"}, 2, id="another quantity"),
    ],
)
def test_an_order_is_heard_by_an_evaluation_that_was_queued_before_it(
    world, worker, values, dynos
):
    world.report({"worker": 0})
    order(world, **values)
    done = worker.evaluate()

    assert world.dynos() == {"worker": dynos}
    assert done.hold is None
    assert world.memory().holds == {}


def test_an_app_that_was_removed_is_not_scaled(world, worker):
    world.report({"worker": 0})
    registration.remove(world.parts, "shop")

    assert worker.evaluate() is None
    assert world.dynos() == {"worker": 5}
    assert world.coordinator.recall([worker.key.id]) == {}


def test_the_counts_of_another_address_decide(world, worker):
    """The old one, with no job left, is not asked about the new one's dynos."""
    world.report({"worker": 0})
    world.report({"worker": 30}, "moved")
    world.add("moved")
    address = world.registry.get("moved").address
    world.registry.set_address("shop", address)
    worker.evaluate()

    assert world.patches == [{"worker": 3}]


def test_it_is_asked_for_once_for_a_change_and_never_at_rest(world, worker):
    asked = []
    worker.parts.apps.orders = lambda app_id: asked.append(app_id) or OrdersNow(1)
    for count in (50, 50, 49):
        world.report({"worker": count})
        worker.evaluate()
    assert asked == []

    world.report({"worker": 80})
    worker.evaluate()
    assert asked == [worker.key.id]
    assert world.patches == [{"worker": 8}]


def test_an_order_during_the_evaluation_that_heard_one_waits_for_the_next(
    world, worker
):
    """Typed at each look at the revision."""
    orders = worker.parts.apps.orders

    def typed(app_id):
        order(world, max=str(9 - len(world.patches)), min="1")
        return orders(app_id)

    worker.parts.apps.orders = typed
    world.report({"worker": 80})
    done = worker.evaluate()
    assert done.hold.reason is Reason.APP_CHANGED
    assert world.patches == []

    worker.parts.apps.orders = orders
    worker.evaluate()
    assert world.patches == [{"worker": 8}]


def test_an_order_is_heard_before_the_second_patch_after_a_refusal(world, worker):
    orders = worker.parts.apps.orders

    def typed_after_the_first(app_id):
        if world.patches:
            order(world, pause_up="resumed")
        return orders(app_id)

    worker.parts.apps.orders = typed_after_the_first
    limit = AboveLimit("6 at most", limit=6, per_process_type=True, status=422)
    world.platform.failures = [limit]
    world.report({"worker": 80})
    worker.evaluate()

    assert world.patches == [{"worker": 8}]
    assert world.dynos() == {"worker": 5}


class TestWhileTheDatabaseIsAway:
    @pytest.fixture(autouse=True)
    def away(self, worker):
        def raises(_app_id):
            raise RegistryError("The database does not answer")

        worker.parts.apps.orders = raises

    def test_dynos_are_added_by_what_is_known(self, world, worker):
        world.report({"worker": 80})
        worker.evaluate()

        assert world.dynos() == {"worker": 8}

    def test_none_is_removed_and_the_reason_says_why(self, world, worker):
        world.report({"worker": 0})
        (decision,) = worker.evaluate().decisions

        assert world.patches == []
        assert decision.reason is Reason.REGISTRY_UNAVAILABLE
        assert world.memory().holds["worker"].reason is Reason.REGISTRY_UNAVAILABLE

    def test_of_two_changes_the_one_that_adds_is_made(self, world, worker):
        world.platform.formations["shop"]["mailer"] = replace(
            world.platform.formations["shop"]["worker"], quantity=1
        )
        world.clock.walk(600)
        world.report({"worker": 0, "mailer": 40})
        worker.evaluate()

        assert world.patches == [{"mailer": 4}]
        assert world.dynos() == {"worker": 5, "mailer": 4}

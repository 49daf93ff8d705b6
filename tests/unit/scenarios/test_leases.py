"""A lease that a deploy script would begin; how a lease is shown, and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import CoordinationError, PlatformUnavailable
from scalar.core.formation import ProcessType
from scalar.core.reason import Reason
from scalar.ports.platform import Urgency
from scalar.service import fleet, queries
from scalar.service.health import check_health
from scalar.service.policies import resume, unset_policy
from tests.unit.scenarios.steps import by_hand, set_policy, walk
from tests.unit.world_cli import WorldCli


def released(world, ago=0):
    """Release the app, so many seconds ago."""
    at = world.clock.now() - timedelta(seconds=ago)
    world.platform.releases["shop"] = at


def deployed(world, quantity, later):
    """Release the app, and scale so many seconds later, as Heroku tells it."""
    released(world)
    row = ProcessType(quantity, changed_at=world.clock.now() + timedelta(seconds=later))
    world.platform.formations["shop"]["worker"] = row


@pytest.fixture
def shop(world):
    world.add(worker=2)
    set_policy(world, manual_lease="1h")
    walk(world, [20])
    return world


class TestADeployThatScales:
    def test_it_begins_no_lease(self, shop):
        """250 jobs waited for an hour."""
        released(shop)
        by_hand(shop, 1)

        assert walk(shop, [250]) == [25]

    def test_nor_if_it_is_noticed_long_after(self, shop):
        """Heroku says when it was: 30 s after the release."""
        deployed(shop, 1, later=30)
        shop.clock.walk(700)
        walk(shop, [5])

        assert walk(shop, [250]) == [25]

    def test_a_person_some_minutes_after_a_release_is_protected(self, shop):
        deployed(shop, 8, later=300)
        shop.clock.walk(400)

        assert walk(shop, [20] * 5) == [8] * 5

    def test_so_is_one_long_after_the_last_release(self, shop):
        released(shop, ago=121)
        by_hand(shop, 8)

        assert walk(shop, [20] * 5) == [8] * 5

    def test_the_time_is_a_value_of_the_policy(self, shop):
        set_policy(shop, manual_lease="1h", lease_after_release="10m")
        released(shop, ago=500)
        by_hand(shop, 8)

        assert walk(shop, [30]) == [3]

    def test_with_0_every_change_is_protected(self, shop):
        set_policy(shop, manual_lease="1h", lease_after_release="0")
        released(shop)
        by_hand(shop, 8)

        assert walk(shop, [20]) == [8]

    def test_heroku_is_asked_once_for_a_change_and_only_if_it_matters(self, shop):
        by_hand(shop, 8)
        shop.clock.walk(600)
        reads = shop.reads
        walk(shop, [80] * 3)
        assert shop.reads == reads + 1  # of the formation, whose time was over

        walk(shop, [20] * 30)
        assert shop.reads == reads + 2

    def test_while_heroku_does_not_answer_the_change_is_protected(self, shop):
        by_hand(shop, 8)
        shop.clock.walk(600)
        walk(shop, [80])
        released(shop, ago=5)
        shop.platform.failures = [PlatformUnavailable("Heroku answered 503")]

        assert walk(shop, [30]) == [8]
        assert walk(shop, [30]) == [3]

    def test_to_ask_for_a_scale_up_is_as_urgent_as_that(self, shop):
        asked = []
        shop.account.denial = lambda urgency, _key: asked.append(urgency)
        by_hand(shop, 1)
        walk(shop, [250])

        assert set(asked) == {Urgency.SCALE_UP}


@pytest.fixture
def leased(shop):
    """A person has set 8, which nobody needs; it was noticed before a change."""
    by_hand(shop, 8)
    walk(shop, [30])
    return shop


class TestALeaseIsShown:
    def test_in_the_state_of_the_app_and_with_its_dynos(self, leased):
        details = queries.app_details(leased.parts, "shop")

        assert details.summary.orders.leased == {"worker"}
        assert details.formation["worker"].leased_for == timedelta(hours=1)

    def test_while_it_lasts(self, leased):
        leased.clock.walk(3_600)
        details = queries.app_details(leased.parts, "shop")

        assert details.summary.orders.leased == frozenset()
        assert not details.formation["worker"].leased_for

    def test_by_status_as_a_number(self, leased):
        checks = check_health(leased.parts)
        assert [c.text for c in checks if c.what == "leases"] == [
            "1 app is left as set by hand, in part at least; see list-apps"
        ]
        assert all(c.is_well for c in checks if c.what == "leases")

        leased.clock.walk(3_601)
        assert "leases" not in {c.what for c in check_health(leased.parts)}

    def test_by_the_commands(self):
        cli = WorldCli(COUNT_BOUNDARY="10", MANUAL_LEASE="1h", MANUAL_OFF="true")
        world = cli.world
        world.environment = {"manual_lease": "1h", "manual_off": "true"}
        world.add(worker=2, mailer=2, web=1)
        world.report({"worker": 20, "mailer": 20})
        world.poll()
        by_hand(world, 8)
        by_hand(world, 0, "mailer")
        world.clock.walk(600)
        world.poll()

        assert (
            "ok, polled 0 s ago, manual lease: mailer, worker, off by hand: mailer"
            in str(cli("list-apps"))
        )
        shown = cli("show-app", "shop").stdout
        assert "  worker: 8, set by hand, left alone for 60 min\n" in shown.replace(
            "8 ,", "8,"
        )
        assert cli.data("show-app", "shop")["set_by_hand"] == {
            "mailer": {"leased_seconds": 3600, "off": True},
            "worker": {"leased_seconds": 3600, "off": False},
        }

        assert cli("resume-app", "shop").stderr == ""
        assert "ok, polled 0 s ago, off by hand: mailer" in str(cli("list-apps"))
        assert cli("resume-app", "shop").stderr == "Note: shop was not paused.\n"


class TestALeaseIsEnded:
    @pytest.mark.parametrize("process_type", [WHOLE_APP, "worker"])
    def test_by_resume_app(self, leased, process_type):
        assert resume(leased.parts, "shop", process_type, up=False, down=False)

        assert walk(leased, [20]) == [2]
        assert leased.memory().leased_until is None
        assert not resume(leased.parts, "shop", process_type, up=False, down=False)

    def test_for_one_process_type_alone(self, world):
        world.add(worker=2, mailer=2)
        set_policy(world, manual_lease="1h")
        world.report({"worker": 20, "mailer": 20})
        world.poll()
        by_hand(world, 8)
        by_hand(world, 8, "mailer")
        world.clock.walk(600)
        world.poll()
        resume(world.parts, "shop", "mailer", up=False, down=False)
        world.poll()

        assert world.dynos() == {"worker": 8, "mailer": 2}

    def test_a_change_after_that_begins_another(self, leased):
        resume(leased.parts, "shop", WHOLE_APP, up=False, down=False)
        walk(leased, [20])
        by_hand(leased, 9)

        assert walk(leased, [30] * 3) == [9] * 3
        assert resume(leased.parts, "shop", WHOLE_APP, up=False, down=False)
        assert walk(leased, [30]) == [3]

    def test_for_good_though_redis_loses_everything(self, leased):
        """The journal tells of the change; the registry, that it is over."""
        resume(leased.parts, "shop", WHOLE_APP, up=False, down=False)
        leased.coordinator.lose_everything()

        assert walk(leased, [20]) == [2]

    def test_of_a_worker_whose_clock_is_ahead(self, leased):
        leased.clock.walk(-30)
        resume(leased.parts, "shop", WHOLE_APP, up=False, down=False)
        leased.clock.walk(60)

        assert walk(leased, [20]) == [2]

    def test_one_direction_is_a_pause_not_a_lease(self, leased):
        assert not resume(leased.parts, "shop", WHOLE_APP, up=False, down=True)

        assert walk(leased, [20]) == [8]

    def test_while_redis_is_away_pauses_are_ended_all_the_same(
        self, leased, monkeypatch
    ):
        leased.registry.set_policy("shop", "worker", {"pause_up": "resumed"})

        def away(_ids):
            raise CoordinationError("Redis is away")

        monkeypatch.setattr(leased.coordinator, "recall", away)

        assert resume(leased.parts, "shop", WHOLE_APP, up=False, down=False)
        assert "worker" not in leased.registry.get("shop").policies

    def test_what_ended_it_is_no_part_of_a_policy(self, leased):
        """It stands in no file, and neither a file nor `unset-policy` removes it."""
        resume(leased.parts, "shop", "worker", up=False, down=False)
        (entry,) = fleet.describe(leased.parts)
        assert entry.policies == {WHOLE_APP: {"manual_lease": "1h"}}

        leased.registry.set_policy(
            "shop",
            "worker",
            {**leased.registry.get("shop").policies["worker"], "max": "5"},
        )
        unset_policy(leased.parts, "shop", "worker", None)
        plan = fleet.plan(leased.parts, [entry], prune=False)
        assert plan.lines == []
        assert walk(leased, [20]) == [2]


def test_the_reason_is_the_lease_until_it_is_ended(leased):
    leased.report({"worker": 20})
    (decision,) = leased.poll().decisions

    assert decision.reason is Reason.MANUAL_LEASE

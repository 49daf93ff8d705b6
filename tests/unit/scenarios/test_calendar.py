"""Releases, nights and daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scalar.adapters.inmemory.clock import WalkedClock
from scalar.core.errors import (
    PlatformUnavailable,
)
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from tests.unit.scenarios.steps import set_policy, walk
from tests.unit.world import World


class TestTheNightsOfDaylightSaving:
    """At least 5 from 02:00 to 04:00 in Berlin, seen minute by minute from UTC."""

    @staticmethod
    def minutes_with_five(day):
        world = World(clock=WalkedClock(day))
        world.add(worker=0)
        set_policy(world, schedule="Europe/Berlin: daily 02:00-04:00 min=5")
        world.report({"worker": 0})
        open_at = []
        for minute in range(8 * 60):
            world.poll(seconds=60 if minute else 0)
            if world.dynos() == {"worker": 5}:
                open_at.append(minute)
        return open_at

    def test_in_spring_the_hour_that_is_missing_is_missing(self):
        """03:00 follows 01:59 at 01:00 UTC: from there to 04:00 is one hour."""
        start = datetime(2026, 3, 28, 22, tzinfo=UTC)

        assert self.minutes_with_five(start) == list(range(180, 240))

    def test_in_autumn_the_hour_that_is_repeated_is_repeated(self):
        """02:00 comes at 00:00 UTC and again at 01:00: three hours until 04:00."""
        start = datetime(2026, 10, 24, 22, tzinfo=UTC)

        assert self.minutes_with_five(start) == list(range(120, 300))


class TestADeployDuringWhichQueuesLookEmpty:
    @pytest.fixture
    def deploy(self, world):
        """Released at 11:55; dynos stay for ten minutes after that."""
        world.add(worker=4)
        set_policy(world, release_grace="10m")
        world.platform.releases["shop"] = datetime(2026, 1, 1, 11, 55, tzinfo=UTC)
        walk(world, [40])
        return world

    def test_nothing_is_removed_until_the_grace_is_over(self, deploy):
        """29 polls from 12:00:20 to 12:05."""
        assert walk(deploy, [0] * 28) == [4] * 28
        assert walk(deploy, [0, 0]) == [0, 0]

    def test_that_costs_one_call_at_its_beginning_and_one_at_its_end(self, deploy):
        calls = len(deploy.platform.calls)
        walk(deploy, [0] * 28)
        assert deploy.platform.calls[calls:] == [("GET", "shop")]

        walk(deploy, [0] * 5)
        assert deploy.platform.calls[calls + 1 :] == [
            *[("GET", "shop")] * 2,  # the formation, and the last release
            ("PATCH", "shop", {"worker": 0}),
        ]

    def test_another_release_meanwhile_begins_it_anew(self, deploy):
        walk(deploy, [0] * 20)
        deploy.platform.releases["shop"] = deploy.clock.now()

        assert walk(deploy, [0] * 59) == [4] * 59
        assert walk(deploy, [0, 0])[-1] == 0

    def test_scaling_up_does_not_wait(self, deploy):
        assert walk(deploy, [80]) == [8]

    def test_it_is_held_while_the_last_release_is_not_known(self, deploy):
        deploy.account.denial = lambda urgency, _key: (
            None if urgency is Urgency.SCALE_UP else Cause(Reason.CALLS_LOW, "3 left")
        )
        deploy.clock.walk(3_600)
        deploy.report({"worker": 0})
        done = deploy.poll()

        assert done.hold.reason is Reason.CALLS_LOW
        assert deploy.dynos() == {"worker": 4}

    def test_what_was_known_once_is_not_good_enough_later(self, deploy):
        """A release at 13:00, which cannot be asked for at 13:01."""
        deploy.platform.releases["shop"] = datetime(2026, 1, 1, 11, tzinfo=UTC)
        walk(deploy, [30])
        deploy.platform.releases["shop"] = datetime(2026, 1, 1, 13, tzinfo=UTC)
        deploy.clock.walk(3_660 - 30)
        deploy.report({"worker": 30})
        deploy.poll()
        deploy.platform.failures = [PlatformUnavailable("503")]

        assert walk(deploy, [0, 0]) == [3, 3]

    def test_that_does_not_keep_another_process_type_from_growing(self, world):
        world.add(worker=4, mailer=1)
        set_policy(world, release_grace="10m")
        world.report({"worker": 40, "mailer": 5})
        world.poll()
        world.account.denial = lambda urgency, _key: (
            None if urgency is Urgency.SCALE_UP else Cause(Reason.CALLS_LOW, "3 left")
        )
        world.report({"worker": 0, "mailer": 50})
        world.poll()

        assert world.dynos() == {"worker": 4, "mailer": 5}

    def test_an_app_that_was_never_released_is_free(self, world):
        world.add(worker=4)
        set_policy(world, release_grace="10m")

        assert walk(world, [40, 0]) == [4, 0]

    def test_the_range_of_the_schedule_does_not_wait(self, deploy):
        set_policy(deploy, release_grace="10m", max=2)

        assert walk(deploy, [0]) == [2]

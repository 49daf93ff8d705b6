"""An app or a store that does not answer."""

from __future__ import annotations

import pytest

from scalar.core.event import EventKind
from scalar.core.reason import Cause, Reason
from tests.unit.scenarios.steps import AWAY, NULL, by_hand, events, set_policy, walk


class TestAMetricSourceThatIsAwayForAnHour:
    HOUR = 360

    def test_by_default_nothing_moves_and_it_goes_on_after(self, world):
        world.add(worker=4)
        walk(world, [35])

        assert set(walk(world, [AWAY] * self.HOUR)) == {4}
        assert world.patches == []
        assert walk(world, [5, 5, 5]) == [4, 4, 1]  # once the count is known for 15 s

    @pytest.mark.parametrize("missing", [AWAY, NULL], ids=["HTTP 503", "null"])
    def test_a_fallback_holds_from_the_third_failure_on(self, world, missing):
        world.add(worker=1)
        set_policy(world, fallback=3, fallback_after=3)
        walk(world, [5])

        assert walk(world, [missing] * 5) == [1, 1, 3, 3, 3]
        (event,) = events(world, EventKind.SCALED)
        assert (event.reason, event.count) == (Reason.FALLBACK, None)
        assert event.detail.startswith("unknown 3 times in a row")

    def test_one_known_count_begins_the_counting_anew(self, world):
        world.add(worker=1)
        set_policy(world, fallback=3, fallback_after=3)

        assert walk(world, [5, NULL, NULL, 5, NULL, NULL]) == [1] * 6

    def test_a_fallback_never_takes_dynos_away(self, world):
        world.add(worker=8)
        set_policy(world, fallback=3, max=5)
        walk(world, [80])
        by_hand(world, 8)
        world.clock.walk(600)

        assert set(walk(world, [AWAY] * 20)) == {8}

    def test_what_the_app_leaves_out_falls_back_too(self, world):
        world.add(worker=1, mailer=1)
        set_policy(world, fallback=2, fallback_after=3)
        world.report({"worker": 5, "mailer": 5})
        world.poll()
        world.report({"mailer": 5})
        for _ in range(3):
            world.poll()

        assert world.dynos() == {"worker": 2, "mailer": 1}

    @pytest.mark.parametrize(
        "floor",
        [{"min": 5}, {"schedule": "UTC: daily 12:00-18:00 min=5"}],
        ids=["min", "schedule"],
    )
    @pytest.mark.parametrize("missing", [AWAY, NULL], ids=["HTTP 503", "null"])
    def test_what_needs_no_count_adds_dynos_without_one(self, world, floor, missing):
        world.add(worker=3)
        walk(world, [30])
        set_policy(world, **floor)

        assert walk(world, [missing]) == [5]
        by_hand(world, 8)
        assert walk(world, [missing] * 70) == [8] * 70

    def test_a_lease_and_a_pause_hold_back_what_needs_no_count(self, world):
        world.add(worker=3)
        walk(world, [30])
        set_policy(world, min=5, manual_lease="10m")
        by_hand(world, 2)

        assert walk(world, [AWAY] * 50) == [2] * 50
        assert walk(world, [AWAY] * 20)[-1] == 5

    def test_a_lease_is_known_of_before_the_morning_comes(self, world):
        """The formation is read before dynos are added without a count."""
        world.add(worker=3)
        walk(world, [30])
        by_hand(world, 1)
        set_policy(world, manual_lease="1h", schedule="UTC: daily 12:00-18:00 min=5")

        assert walk(world, [AWAY] * 3) == [1, 1, 1]

    def test_after_it_the_first_count_does_not_stop_the_fallback_at_once(self, world):
        """The window has nothing in it: what runs is its first recommendation."""
        world.add(worker=1)
        set_policy(world, fallback=3, stabilization_down="60s")
        walk(world, [5])
        walk(world, [AWAY] * self.HOUR)

        assert walk(world, [5] * 8) == [3, 3, 3, 3, 3, 3, 1, 1]

    def test_a_dip_right_after_it_stops_nothing(self, world):
        world.add(worker=4)
        set_policy(world, stabilization_down="60s")
        walk(world, [35])
        walk(world, [AWAY] * self.HOUR)

        assert walk(world, [0, 35]) == [4, 4]


class TestALossOfRedis:
    @pytest.mark.parametrize(
        "values",
        [
            {"stabilization_down": "5m"},
            {"cooldown_down": "5m"},
            {"release_grace": "5m"},
        ],
        ids=["stabilization", "cooldown", "release grace"],
    )
    def test_what_slows_scaling_down_begins_anew(self, world, values):
        world.platform.releases["shop"] = world.clock.now()
        world.add(worker=4)
        set_policy(world, **values)
        walk(world, [40, 40])
        world.coordinator.lose_everything()

        assert set(walk(world, [0] * 25)) == {4}

    def test_it_happens_at_each_poll_and_nothing_goes_down(self, world):
        world.add(worker=4)
        set_policy(world, stabilization_down="5m")
        for count in (40, 0, 35, 0, 0, 0):
            world.coordinator.lose_everything()
            walk(world, [count])

        assert world.dynos() == {"worker": 4}

    def test_a_cooldown_then_says_what_it_waits_for(self, world):
        world.add(worker=4)
        set_policy(world, cooldown_down="5m")
        world.report({"worker": 0})
        (decision,) = world.poll().decisions

        assert decision.trail[-1].detail == "5 min left after nothing was remembered"


class TestWhatIsRemembered:
    @pytest.fixture
    def stored(self, world):
        """What each evaluation gave the coordinator to keep."""
        kept, finish = [], world.coordinator.finish

        def spy(lease, memory, events, outcome):
            kept.append(memory)
            return finish(lease, memory, events, outcome)

        world.coordinator.finish = spy
        return kept

    def test_under_the_default_policy_a_quiet_poll_writes_nothing(self, world, stored):
        world.add(worker=1)
        walk(world, [5] * 10)

        assert stored[1:] == [None] * 9

    @pytest.mark.parametrize(
        "values",
        [
            {"tolerance": 0.1, "min": 1, "max": 9, "wake": 1},
            {"cooldown_up": 60, "cooldown_down": 60, "manual_lease": 60},
            {"drain_time": 60, "jobs_per_second": 1},
            {"dry_run": "true", "fallback": 2, "release_grace": 60},
        ],
        ids=["range", "times", "a measured rate", "dry run"],
    )
    def test_so_it_is_with_a_policy_that_needs_no_memory(self, world, stored, values):
        world.add(worker=1)
        set_policy(world, **values)
        walk(world, [5] * 10)

        assert stored[1:] == [None] * 9

    def test_a_process_type_that_is_gone_costs_nothing_more(self, world, stored):
        """It was reported, then taken out of the Procfile."""
        world.add(worker=1, mailer=1)
        world.report({"worker": 5, "mailer": 5})
        world.poll()
        del world.platform.formations["shop"]["mailer"]
        world.report({"worker": 5})
        world.poll(seconds=700)
        for _ in range(3):
            world.poll()

        assert stored[-2:] == [None, None]

    def test_names_that_come_and_go_do_not_pile_up(self, world):
        world.add(worker=1)
        for number in range(50):
            world.report({"worker": 5, f"job-{number}": NULL})
            world.poll()

        assert world.memory().pasts == {}

    def test_nor_while_heroku_does_not_answer(self, world):
        world.add(worker=1)
        world.account.denial = lambda *_: Cause(Reason.RATE_LIMITED, "next try in 30 s")
        for number in range(50):
            world.report({f"job-{number}": NULL})
            world.poll()

        assert len(world.memory().pasts) <= 1

    def test_a_window_that_is_taken_away_is_forgotten(self, world):
        world.add(worker=1)
        set_policy(world, stabilization_down="5m")
        walk(world, [5])
        assert world.memory().pasts["worker"].recommended_down
        set_policy(world)
        walk(world, [5])

        assert world.memory().pasts == {}

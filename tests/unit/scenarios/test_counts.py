"""Counts that swing, dip, come all at once or have a deadline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scalar.adapters.inmemory.clock import WalkedClock
from scalar.core.errors import (
    AboveLimit,
    PlatformUnavailable,
)
from scalar.core.event import EventKind
from scalar.core.reason import Reason
from tests.unit.scenarios.steps import NULL, by_hand, events, set_policy, walk
from tests.unit.world import World


class TestACountThatSwingsAroundABoundary:
    """20 jobs want 2 dynos, 21 want 3: each swing kills a dyno with its job."""

    COUNTS = (20, 21, 20, 21, 20, 21)

    def test_without_a_policy_the_dynos_swing_too(self, world):
        world.add(worker=2)

        assert walk(world, self.COUNTS) == [2, 3, 2, 3, 2, 3]

    def test_a_tolerance_leaves_them_alone(self, world):
        """2 dynos carry 20; 10 % of that is 2."""
        world.add(worker=2)
        set_policy(world, tolerance=0.1)

        assert walk(world, self.COUNTS) == [2] * 6
        assert walk(world, [22, 23]) == [2, 3]

    def test_the_tolerance_holds_for_either_side_and_to_the_last_job(self, world):
        """10 dynos carry 100: from 70 to 130 nothing happens at 0.3."""
        world.add(worker=10)
        set_policy(world, tolerance=0.3)

        assert walk(world, [130, 70, 100]) == [10, 10, 10]
        assert walk(world, [69]) == [7]

    def test_a_window_goes_up_once_and_stays(self, world):
        world.add(worker=2)
        set_policy(world, stabilization_down="5m")

        assert walk(world, self.COUNTS) == [2, 3, 3, 3, 3, 3]

    def test_the_window_ends_with_the_last_high_count(self, world):
        """60 s after 3 dynos were wanted for the last time, 2 are enough."""
        world.add(worker=2)
        set_policy(world, stabilization_down="60s")
        walk(world, [20, 21])

        assert walk(world, [20] * 7) == [3, 3, 3, 3, 3, 2, 2]

    @pytest.mark.parametrize("window", ["1s", "10s", "15s"])
    def test_a_window_as_short_as_a_poll_still_lets_the_dynos_change(
        self, world, window
    ):
        world.add(worker=5)
        set_policy(world, stabilization_down=window, stabilization_up=window)

        assert walk(world, [50, 10, 10, 10])[-1] == 1
        assert walk(world, [50, 50, 50])[-1] == 5
        assert walk(world, [NULL, 10, 10, 10])[-1] == 1

    def test_a_long_window_for_down_does_not_slow_down_a_short_one_for_up(self, world):
        """30 s for up are 30 s, though a thirtieth of a day is 48 minutes."""
        world.add(worker=1)
        set_policy(world, stabilization_up="30s", stabilization_down="1d")
        walk(world, [5] * 10)

        assert walk(world, [50] * 5)[-1] == 5


class TestACountThatDipsBecauseOfPrefetch:
    """A worker prefetches, the list reads 0 for one poll, the jobs are not done."""

    def test_without_a_policy_the_workers_are_killed(self, world):
        world.add(worker=4)

        assert walk(world, [35, 0, 35]) == [4, 0, 4]

    def test_a_window_looks_past_the_dip(self, world):
        world.add(worker=4)
        set_policy(world, stabilization_down="60s")

        assert walk(world, [35, 0, 35, 0, 35, 0]) == [4] * 6
        assert world.patches == []

    def test_the_reason_is_the_window_and_says_its_length(self, world):
        world.add(worker=4)
        set_policy(world, stabilization_down="60s")
        walk(world, [35])
        world.report({"worker": 0})
        (decision,) = world.poll().decisions

        assert decision.reason is Reason.SCALE_DOWN_STABILIZED
        assert decision.trail[-1].detail == "highest of the last 60 s"

    def test_dynos_are_removed_only_when_nothing_is_left(self, world):
        """`down_when_empty`: no job is killed, but the last one ends the rest."""
        world.add(worker=4)
        set_policy(world, down_when_empty="true")

        assert walk(world, [35, 20, 3, 1, 0]) == [4, 4, 4, 4, 0]


class TestTheNightlyBatch:
    def test_it_is_woken_with_as_many_as_it_needs_at_once(self, world):
        """One dyno for the first job, then ten more: ten minutes are lost."""
        world.add(worker=0)
        set_policy(world, wake=10)

        assert walk(world, [0, 1, 5, 0]) == [0, 10, 10, 0]

    def test_neither_a_step_nor_a_window_slows_the_waking(self, world):
        """From 0 it is 6 at once; from there on one more at a time."""
        world.add(worker=0)
        set_policy(world, wake=6, max_step_up=1)
        assert walk(world, [0, 900, 900]) == [0, 6, 7]

        set_policy(world, wake=6, stabilization_up="1h")
        by_hand(world, 0)
        world.poll(seconds=601)
        assert walk(world, [900, 900]) == [6, 6]

    def test_a_thousand_jobs_at_once_are_met_in_steps(self, world):
        """100 dynos are wanted; 30 more at a time, and 10 fewer."""
        world.add(worker=0)
        set_policy(world, max_step_up=30, max_step_down=10)

        assert walk(world, [1000] * 4) == [30, 60, 90, 100]
        assert walk(world, [650, 650, 650, 650, 650]) == [90, 80, 70, 65, 65]

    def test_the_schedule_has_its_dynos_up_before_the_jobs_come(self):
        """From 22:00 to 06:00 in Berlin, which is 21:00 to 05:00 UTC."""
        world = World(clock=WalkedClock(datetime(2026, 1, 1, 20, 59, 45, tzinfo=UTC)))
        world.add(worker=0)
        set_policy(world, schedule="Europe/Berlin: daily 22:00-06:00 min=3 max=20")
        assert walk(world, [0, 0]) == [0, 3]

        assert walk(world, [900]) == [20]
        world.clock.walk(8 * 3_600 - 30)
        assert walk(world, [900, 900]) == [20, 90]

    def test_the_schedule_is_not_slowed_down_by_steps(self, world):
        world.add(worker=0)
        set_policy(
            world,
            max_step_up=1,
            schedule="UTC: daily 12:00-13:00 min=8",
            cooldown_up=60,
        )

        assert walk(world, [0]) == [8]

    def test_the_event_names_the_window(self, world):
        world.add(worker=0)
        set_policy(world, schedule="UTC: daily 12:00-13:00 min=8")
        walk(world, [0])

        (event,) = world.journal.events
        assert event.reason is Reason.TOO_FEW_DYNOS
        assert event.detail == "at least 8, by the window daily 12:00-13:00 min=8"


class TestABacklogWithADeadline:
    def test_a_measured_rate_says_how_many_dynos_are_in_time(self, world):
        """3000 jobs in 600 s at 0.5 a second and dyno: 3000 / 300 = 10."""
        world.add(worker=0)
        set_policy(world, drain_time="10m", jobs_per_second=0.5)

        assert walk(world, [3000, 3001, 300, 1, 0]) == [10, 11, 1, 1, 0]
        assert events(world, EventKind.SCALED)[0].reason is Reason.DRAIN_TIME

    def test_the_rate_is_learned_from_ten_falls_and_the_boundary_stands_in(self, world):
        """50 jobs by 10 dynos in 10 s: 0.5 a second each; 9400 / (0.5 * 300) = 62.7."""
        world.boundary = 1_000
        world.add(worker=1)
        set_policy(world, drain_time="5m")
        counts = [10_000 - 50 * poll for poll in range(13)]
        assert walk(world, counts[:12]) == [10] * 12

        assert walk(world, counts[12:]) == [63]
        assert world.journal.events[-1].detail == (
            "count 9400 within 300 s, 0.5 jobs per dyno and second"
        )

    def test_until_then_it_says_how_much_history_is_there(self, world):
        world.add(worker=1)
        set_policy(world, drain_time="5m")
        walk(world, [10, 9, 8])
        world.report({"worker": 7})
        (decision,) = world.poll().decisions

        assert decision.reason is Reason.NOT_ENOUGH_HISTORY
        assert "10 falls of the count, 2 seen" in decision.trail[0].detail

    def test_what_was_learned_may_be_lost_without_losing_dynos(self, world):
        """By the boundary 10 dynos would do; 63 work on the backlog."""
        world.boundary = 1_000
        world.add(worker=1)
        set_policy(world, drain_time="5m")
        walk(world, [10_000 - 50 * poll for poll in range(13)])
        world.coordinator.lose_everything()

        assert walk(world, [9_000, 8_000]) == [63, 63]


class TestAnEcoDynoThatIsOnOrOff:
    """Heroku runs one Eco or Basic dyno of a process type, and refuses more."""

    REFUSAL = AboveLimit(
        "Cannot run more than 1 Eco dyno.", limit=1, per_process_type=True
    )

    def test_the_refusal_is_learned_and_then_the_one_goes_on_and_off(self, world):
        world.add(worker=1, size="Eco")
        walk(world, [0])
        world.platform.calls.clear()
        world.platform.failures = [self.REFUSAL]

        assert walk(world, [99, 99, 99, 0, 99]) == [1, 1, 1, 0, 1]
        assert world.patches == [
            {"worker": 10},
            {"worker": 1},
            {"worker": 0},
            {"worker": 1},
        ]

    def test_it_stays_learned_where_a_person_is_respected(self, world):
        """There the formation is read before each change; it tells no limit."""
        world.add(worker=1, mailer=0, size="Eco")
        set_policy(world, manual_lease="1h")
        world.report({"worker": 5, "mailer": 0})
        world.poll()
        learned = replace(world.memory(), limits={"worker": 1})
        world.coordinator._memories[world.registry.app_key("shop").id] = learned
        world.report({"worker": 99, "mailer": 5})
        world.poll()

        assert world.patches == [{"mailer": 1}]


class TestCooldowns:
    def test_up_waits_after_up_and_down_after_either(self, world):
        """Up at 12:00:10, so again from 12:00:40 on; down from 12:01:40 on."""
        world.add(worker=1)
        set_policy(world, cooldown_up=30, cooldown_down=60)
        assert walk(world, [20, 30, 30, 30]) == [2, 2, 2, 3]

        assert walk(world, [0] * 6) == [3, 3, 3, 3, 3, 0]

    def test_a_change_whose_answer_was_lost_begins_one_too(self, world):
        world.add(worker=1)
        set_policy(world, cooldown_down=60)
        walk(world, [5] * 7)
        world.platform.failures = [PlatformUnavailable("the connection was reset")]
        walk(world, [50])
        by_hand(world, 5)

        assert walk(world, [0] * 5) == [5] * 5
        assert walk(world, [0, 0])[-1] == 0

    def test_a_clock_that_was_set_back_begins_it_anew_and_no_more(self, world):
        world.add(worker=1)
        set_policy(world, cooldown_up=60)
        walk(world, [20])
        world.clock.walk(-3_600)

        assert walk(world, [30] * 7) == [2] * 6 + [3]

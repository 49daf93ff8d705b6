"""A person sets dynos to 0, or puts the app into maintenance mode."""

from __future__ import annotations

import pytest

from scalar.core.errors import PlatformUnavailable
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from scalar.service.evaluate.poll_and_scale import explain
from tests.unit.scenarios.steps import AWAY, NULL, by_hand, events, set_policy, walk

HOUR = 3_600


class TestWhatAPersonHasSetTo0:
    @pytest.fixture
    def off(self, world):
        """2 dynos ran; in an incident somebody set them to 0."""
        world.add(worker=2)
        set_policy(world, manual_off="true", fallback=3, fallback_after=2)
        walk(world, [20])
        by_hand(world, 0)
        return world

    def test_it_stays_at_0_whatever_the_count(self, off):
        assert walk(off, [30, 300, 0, 40]) == [0] * 4
        assert off.patches == []

    def test_a_fallback_does_not_start_it(self, off):
        walk(off, [30])

        assert walk(off, [AWAY] * 5) == [0] * 5
        assert walk(off, [NULL] * 5) == [0] * 5

    def test_min_and_a_schedule_do_not_start_it(self, off):
        walk(off, [30])
        set_policy(off, manual_off="true", schedule="UTC: daily 00:00-24:00 min=4")

        assert walk(off, [30, 0]) == [0, 0]

    def test_the_reason_says_so_and_the_journal_what_was_done(self, off):
        off.report({"worker": 30})
        (decision,) = off.poll().decisions

        assert decision.reason is Reason.MANUAL_OFF
        assert decision.trail[-1].detail == (
            "set to 0 by hand; off until somebody raises it"
        )
        (event,) = events(off, EventKind.CHANGED_ELSEWHERE)
        assert (event.from_quantity, event.to_quantity) == (2, 0)

    def test_it_is_scaled_again_once_somebody_has_raised_it(self, off):
        walk(off, [30])
        by_hand(off, 1)
        off.clock.walk(600)

        assert walk(off, [30, 0, 30]) == [3, 0, 3]

    def test_our_own_0_is_none(self, world):
        world.add(worker=2)
        set_policy(world, manual_off="true")

        assert walk(world, [20, 0, 30]) == [2, 0, 3]

    def test_when_redis_loses_everything_the_journal_knows(self, off):
        walk(off, [30])
        off.coordinator.lose_everything()

        assert walk(off, [30] * 3) == [0] * 3

    def test_the_journal_knows_our_own_0_too(self, world):
        world.add(worker=2)
        set_policy(world, manual_off="true")
        walk(world, [20])
        by_hand(world, 0)
        walk(world, [20])
        by_hand(world, 1)
        world.clock.walk(600)
        walk(world, [20, 0])
        world.coordinator.lose_everything()

        assert walk(world, [30]) == [3]

    def test_a_0_set_while_redis_was_lost_is_not_ours(self, world):
        """The last change in the journal left 2."""
        world.add(worker=1)
        set_policy(world, manual_off="true")
        walk(world, [20])
        world.coordinator.lose_everything()
        by_hand(world, 0)

        assert walk(world, [30, 30]) == [0, 0]

    def test_a_process_type_that_never_ran_is_started(self, world):
        """Heroku begins each one at 0."""
        world.add(worker=0)
        set_policy(world, manual_off="true")

        assert walk(world, [30]) == [3]

    def test_it_may_be_for_all_apps_and_not_for_one(self, world):
        world.environment = {"manual_off": "true"}
        world.add(worker=2)
        set_policy(world, manual_off="none")
        walk(world, [20])
        by_hand(world, 0)
        world.clock.walk(600)

        assert walk(world, [30]) == [3]

    def test_without_it_it_is_started_when_it_is_noticed(self, world):
        world.add(worker=2)
        walk(world, [20])
        by_hand(world, 0)
        world.clock.walk(600)

        assert walk(world, [30]) == [3]
        assert [
            (e.from_quantity, e.to_quantity)
            for e in world.journal.events
            if e.process_type == "worker"
        ] == [(2, 0), (0, 3)]


class TestAnAppInMaintenanceMode:
    @pytest.fixture
    def maintained(self, world):
        """2 dynos ran; somebody set them to 0, and turned maintenance on."""
        world.add(worker=2)
        walk(world, [20])
        by_hand(world, 0)
        world.platform.maintenance.add("shop")
        world.clock.walk(600)
        return world

    def test_what_somebody_else_stopped_is_not_started(self, maintained):
        assert walk(maintained, [30] * 20) == [0] * 20
        assert maintained.patches == []

    def test_the_hold_says_why(self, maintained):
        maintained.report({"worker": 30})
        done = maintained.poll()

        assert done.hold.reason is Reason.MAINTENANCE
        assert "heroku maintenance:off" in done.hold.detail
        assert explain(
            maintained.parts, maintained.registry.get("shop")
        ).hold.reason is (Reason.MAINTENANCE)

    def test_heroku_is_asked_once_a_minute_and_not_at_rest(self, maintained):
        reads = maintained.reads
        walk(maintained, [30] * 30)
        assert maintained.reads - reads <= 1 + 5

        reads = maintained.reads
        walk(maintained, [0] * 20)
        assert maintained.reads == reads

    def test_it_is_started_when_maintenance_is_over(self, maintained):
        walk(maintained, [30])
        maintained.platform.maintenance.clear()

        assert walk(maintained, [30] * 7)[-1] == 3
        assert maintained.memory().maintenance_at is None

    def test_a_fallback_does_not_start_it(self, maintained):
        set_policy(maintained, fallback=3, fallback_after=2)

        assert walk(maintained, [AWAY] * 10) == [0] * 10

    def test_a_fallback_adds_nothing_to_what_runs(self, world):
        world.add(worker=1)
        set_policy(world, fallback=3, fallback_after=2)
        walk(world, [5])
        world.platform.maintenance.add("shop")
        assert walk(world, [AWAY] * 10) == [1] * 10

        world.platform.maintenance.clear()
        assert walk(world, [AWAY] * 10)[-1] == 3

    def test_a_memory_that_is_lost_starts_nothing(self, maintained):
        walk(maintained, [30])
        maintained.coordinator.lose_everything()

        assert walk(maintained, [30]) == [0]

    def test_while_heroku_does_not_answer_nothing_is_started(self, maintained):
        maintained.report({"worker": 30})
        maintained.clock.walk(-600)
        maintained.poll(seconds=600)
        maintained.clock.walk(61)
        maintained.platform.failures = [PlatformUnavailable("Heroku answered 503")]
        done = maintained.poll()

        assert done.hold.reason is Reason.HEROKU_UNAVAILABLE
        assert done.is_stuck
        assert maintained.dynos() == {"worker": 0}

    def test_other_process_types_are_scaled_meanwhile(self, maintained):
        rows = maintained.platform.formations["shop"]
        rows["mailer"] = ProcessType(1)
        maintained.account.denial = lambda urgency, _key: (
            Cause(Reason.CALLS_LOW, "none left") if asked.append(urgency) else None
        )
        asked: list[Urgency] = []
        maintained.platform.maintenance.clear()
        maintained.report({"worker": 0, "mailer": 40})
        maintained.poll()

        assert maintained.dynos() == {"worker": 0, "mailer": 4}

    def test_what_we_stopped_ourselves_costs_no_question(self, world):
        world.add(worker=2)
        walk(world, [20, 0])
        world.platform.maintenance.add("shop")
        reads = world.reads

        assert walk(world, [30]) == [3]
        assert world.reads == reads

    def test_a_dry_run_asks_nothing(self, world):
        world.add(worker=0)
        set_policy(world, dry_run="true")
        walk(world, [30] * 5)

        assert world.reads == 1

"""What people do beside the scaler."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scalar.core.errors import (
    PlatformUnavailable,
    RegistryError,
)
from scalar.core.event import EventKind
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from tests.unit.scenarios.steps import NULL, by_hand, events, set_policy, walk


class TestAPersonWhoScalesDuringAnIncident:
    @pytest.fixture
    def incident(self, world):
        """2 dynos ran; somebody made it 10, and the count wants 3."""
        world.add(worker=2)
        set_policy(world, manual_lease="1h")
        walk(world, [20])
        by_hand(world, 10)
        walk(world, [30])
        return world

    def test_their_change_is_left_alone_for_the_lease_and_then_corrected(
        self, incident
    ):
        assert set(walk(incident, [30] * 359)) == {10}
        assert walk(incident, [30, 30]) == [3, 3]

    def test_it_is_recorded_once(self, incident):
        walk(incident, [30] * 50)

        (event,) = events(incident, EventKind.CHANGED_ELSEWHERE)
        assert (event.from_quantity, event.to_quantity) == (2, 10)

    def test_the_reason_says_how_long_it_lasts(self, incident):
        incident.report({"worker": 30})
        (decision,) = incident.poll().decisions

        assert decision.reason is Reason.MANUAL_LEASE
        assert decision.trail[-1].detail == "changed by hand; 59 min left"

    def test_one_call_is_spent_to_look_before_a_change_and_none_after(self, incident):
        calls = len(incident.platform.calls)
        walk(incident, [30] * 50)

        assert len(incident.platform.calls) == calls

    def test_when_redis_loses_everything_the_journal_knows(self, incident):
        incident.coordinator.lose_everything()

        assert set(walk(incident, [30] * 358)) == {10}
        assert walk(incident, [30, 30, 30])[-1] == 3

    def test_a_journal_that_is_away_then_holds_the_app(self, incident):
        incident.coordinator.lose_everything()
        recent = incident.journal.recent

        def refuse(*_):
            raise RegistryError("The database does not answer")

        incident.journal.recent = refuse
        incident.report({"worker": 30})
        done = incident.poll()
        assert done.hold.reason is Reason.JOURNAL_UNAVAILABLE
        assert incident.dynos() == {"worker": 10}
        incident.journal.recent = recent

        assert walk(incident, [30]) == [10]
        assert walk(incident, [30] * 360)[-1] == 3

    def test_it_is_noticed_in_the_answer_to_a_change_of_another(self, world):
        """No look is taken for the mailer, so only Heroku's answer tells it."""
        world.add(worker=2, mailer=1)
        set_policy(world, "worker", manual_lease="1h")
        world.report({"worker": 20, "mailer": 5})
        world.poll()
        by_hand(world, 10)
        world.report({"worker": 20, "mailer": 15})
        world.poll()
        assert [e.to_quantity for e in events(world, EventKind.CHANGED_ELSEWHERE)] == [
            10
        ]

        world.poll()
        assert world.dynos() == {"worker": 10, "mailer": 2}

    def test_it_is_noticed_after_a_change_that_failed(self, world):
        """Heroku refuses our 3; until the next look somebody makes it 10."""
        world.add(worker=2)
        set_policy(world, manual_lease="1h")
        walk(world, [20])
        world.platform.failures = [PlatformUnavailable("Heroku answered 503")] * 2
        walk(world, [30])
        world.platform.failures = []
        by_hand(world, 10)

        assert walk(world, [30] * 5) == [10] * 5
        (event,) = events(world, EventKind.CHANGED_ELSEWHERE)
        assert (event.from_quantity, event.to_quantity) == (2, 10)

    def test_many_changes_of_ours_do_not_push_it_out_of_the_journal(self, incident):
        change = replace(incident.journal.events[-1], kind=EventKind.SCALED)
        incident.journal.record([change] * 1_000)
        incident.coordinator.lose_everything()

        assert set(walk(incident, [30] * 10)) == {10}

    def test_without_a_lease_it_is_corrected_when_it_is_noticed(self, world):
        world.add(worker=2)
        walk(world, [20])
        by_hand(world, 10)
        world.poll(seconds=601)

        assert world.dynos() == {"worker": 2}
        assert len(events(world, EventKind.CHANGED_ELSEWHERE)) == 1

    def test_a_second_change_of_theirs_begins_the_lease_anew(self, incident):
        walk(incident, [30] * 350)
        by_hand(incident, 12)

        assert set(walk(incident, [30] * 300)) == {12}

    def test_while_calls_are_low_the_look_does_not_stop_a_scale_up(self, world):
        """Reads are denied first, but this one belongs to the scale-up."""
        world.add(worker=1)
        set_policy(world, manual_lease="1h")
        walk(world, [5])
        world.account.denial = lambda urgency, _key: (
            None if urgency is Urgency.SCALE_UP else Cause(Reason.CALLS_LOW, "3 left")
        )

        assert walk(world, [50]) == [5]


class TestAPause:
    @staticmethod
    def until(world, seconds):
        return (world.clock.now() + timedelta(seconds=seconds)).isoformat()

    def test_it_ends_by_itself(self, world):
        world.add(worker=2)
        end = self.until(world, 60)
        set_policy(world, pause_up=end, pause_down=end)

        assert walk(world, [50, 0, 50, 0, 50]) == [2] * 5
        assert walk(world, [50]) == [5]

    def test_one_direction_may_be_paused_alone(self, world):
        world.add(worker=2)
        set_policy(world, pause_down=self.until(world, 60))

        assert walk(world, [50, 0, 0]) == [5, 5, 5]

    def test_the_other_direction_goes_on(self, world):
        world.add(worker=2)
        set_policy(world, pause_up=self.until(world, 60))

        assert walk(world, [50, 0, 50]) == [2, 0, 0]

    def test_without_an_end_it_lasts_until_somebody_resumes(self, world):
        world.add(worker=2)
        set_policy(world, pause_up="resumed")
        walk(world, [50])
        world.clock.walk(400 * 86_400)
        assert walk(world, [50]) == [2]
        set_policy(world)

        assert walk(world, [50]) == [5]

    def test_one_process_type_may_be_paused_alone(self, world):
        world.add(worker=2, mailer=2)
        set_policy(world, "worker", pause_down="resumed")
        world.report({"worker": 0, "mailer": 0})
        world.poll()

        assert world.dynos() == {"worker": 2, "mailer": 0}


class TestADryRun:
    def test_nothing_is_asked_of_heroku_and_each_wish_is_told_once(self, world):
        world.add(worker=1)
        set_policy(world, dry_run="true")

        assert walk(world, [50, 50, 50, 70, 70, 5, 5, 50]) == [1] * 8
        assert world.patches == []
        assert [e.to_quantity for e in world.journal.events] == [5, 7, 5]
        assert {e.kind for e in world.journal.events} == {EventKind.DRY_RUN}

    def test_other_apps_are_scaled(self, world):
        world.add(worker=1)
        world.add("blog", worker=1)
        set_policy(world, dry_run="true")
        for name in ("shop", "blog"):
            world.report({"worker": 50}, name)
            world.poll(name)

        assert world.dynos("shop") == {"worker": 1}
        assert world.dynos("blog") == {"worker": 5}

    def test_a_count_that_is_unknown_for_a_poll_repeats_no_wish(self, world):
        world.add(worker=1)
        set_policy(world, dry_run="true")
        walk(world, [50, NULL, 50, NULL, 50])

        assert len(world.journal.events) == 1

    def test_it_tells_of_scaling_down_also_with_a_release_grace(self, world):
        """One call tells when the release was; the wish lasts, and asks no more."""
        world.add(worker=5)
        set_policy(world, dry_run="true", release_grace="10m")
        walk(world, [50, 10, 10, 10, 10])

        assert [e.to_quantity for e in world.journal.events] == [1]
        assert world.reads == 2

"""What users of autoscalers complain of, walked through poll by poll.

The clock starts at noon UTC of Thursday 1 January 2026; a poll comes every 10 s
and one dyno carries 10, unless a test says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scalar.adapters.inmemory.clock import WalkedClock
from scalar.core.errors import (
    AboveLimit,
    CountsUnavailable,
    PlatformUnavailable,
    RegistryError,
)
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.reading import Unknown
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from tests.unit.world import World

NULL = Unknown(Reason.COUNT_NULL)
AWAY = CountsUnavailable("the app answered HTTP 503")


@pytest.fixture
def world():
    return World()


def set_policy(world, process_type="", **values):
    texts = {name: str(value) for name, value in values.items()}
    world.registry.set_policy("shop", process_type, texts)


def walk(world, counts, process_type="worker"):
    """Report one count after the other, and return the dynos after each poll."""
    dynos = []
    for count in counts:
        failed = isinstance(count, Exception)
        world.report(count if failed else {process_type: count})
        world.poll()
        dynos.append(world.dynos()[process_type])
    return dynos


def by_hand(world, quantity, process_type="worker"):
    """Scale as a person does, with the Heroku CLI."""
    world.platform.formations["shop"][process_type] = ProcessType(quantity)


def events(world, kind):
    return [e for e in world.journal.events if e.kind is kind]


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
        world.add(worker=0, size="Eco")
        walk(world, [0])
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


class TestAMetricSourceThatIsAwayForAnHour:
    HOUR = 360

    def test_by_default_nothing_moves_and_it_goes_on_after(self, world):
        world.add(worker=4)
        walk(world, [35])

        assert set(walk(world, [AWAY] * self.HOUR)) == {4}
        assert world.patches == []
        assert walk(world, [5]) == [1]

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

    def test_the_fewest_of_the_schedule_hold_with_a_fallback(self, world):
        """The morning comes while the counts are away: 5 are to be there."""
        world.add(worker=3)
        set_policy(world, fallback=2, schedule="UTC: daily 12:00-18:00 min=5")
        world.report(AWAY)
        set_policy(world, "worker", fallback=2)

        assert walk(world, [AWAY] * 3) == [3, 3, 5]

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
            ("GET", "shop"),
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

    def test_a_clock_that_was_set_back_does_not_make_it_last(self, world):
        world.add(worker=1)
        set_policy(world, cooldown_up=60)
        walk(world, [20])
        world.clock.walk(-3_600)

        assert walk(world, [30]) == [3]


class TestWhatIsRemembered:
    @pytest.fixture
    def stored(self, world):
        """What each evaluation gave the coordinator to keep."""
        kept, finish = [], world.coordinator.finish

        def spy(lease, memory):
            kept.append(memory)
            finish(lease, memory)

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

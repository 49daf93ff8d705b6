"""What else an app tells: latency, busy dynos, stranded jobs, the next ETA."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scalar.core.app_state import Past
from scalar.core.formation import ProcessType
from scalar.core.policy.policy import Policy
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from tests.unit.deciding import NOON, decided, decided_all, for_app
from tests.unit.world import World

NOT_KNOWN = Unknown(Reason.BUSY_UNKNOWN, "1 of 2 workers did not answer")


def seconds(number):
    return timedelta(seconds=number)


def with_values(**values):
    """Return a world with a policy for all apps; the boundary is 10."""
    return World(environment=values)


def one(policy, reading, quantity):
    """Return the decision on a reading."""
    formation = {"worker": ProcessType(quantity)}
    return decided_all(lambda _: policy, {"worker": reading}, formation)[0]


class TestLatency:
    POLICY = Policy(latency_up=seconds(30), latency_down=seconds(5), latency_step=2)

    @pytest.mark.parametrize(
        ("latency", "desired"),
        [
            pytest.param(30.5, 6, id="above: two more"),
            pytest.param(30.0, 4, id="at the threshold: no change"),
            pytest.param(5.0, 4, id="at the lower one: no change"),
            pytest.param(4.9, 3, id="below: one fewer"),
        ],
    )
    def test_four_dynos_with_jobs(self, latency, desired):
        assert one(self.POLICY, Reading(9, latency=latency), 4).desired == desired

    def test_the_first_job_wakes_a_dyno_whatever_it_has_waited(self):
        assert one(self.POLICY, Reading(1, latency=0.0), 0).desired == 1

    def test_the_first_job_wakes_a_dyno_even_if_its_latency_is_unknown(self):
        unknown = Unknown(Reason.LATENCY_UNKNOWN, "no stamp")

        assert one(self.POLICY, Reading(1, latency=unknown), 0).desired == 1

    def test_the_last_dyno_stays_while_there_are_jobs(self):
        assert one(self.POLICY, Reading(1, latency=0.0), 1).desired == 1

    def test_without_jobs_there_is_no_need_of_any(self):
        assert one(self.POLICY, Reading(0, latency=0.0), 4).desired == 0

    def test_a_latency_that_is_not_known_holds(self):
        unknown = Unknown(Reason.LATENCY_UNKNOWN, "no stamp")
        decision = one(self.POLICY, Reading(9, latency=unknown), 4)

        assert decision.hold
        assert decision.reason is Reason.LATENCY_UNKNOWN

    def test_an_app_that_tells_no_latency_is_held_and_told_why(self):
        decision = one(self.POLICY, Reading(9), 4)

        assert decision.hold
        assert "counts but no latency" in decision.cause.detail

    def test_hirefires_number_is_the_latency(self):
        assert one(self.POLICY, Reading(41, is_ambiguous=True), 4).desired == 6

    def test_hirefires_latency_of_0_does_not_say_that_no_job_runs(self):
        assert one(self.POLICY, Reading(0, is_ambiguous=True), 1).desired == 1
        assert one(self.POLICY, Reading(0, is_ambiguous=True), 4).desired == 3

    def test_without_a_latency_policy_hirefires_number_is_a_count(self):
        assert one(Policy(10), Reading(41, is_ambiguous=True), 4).desired == 5

    def test_one_dyno_goes_once_it_was_below_for_the_whole_window(self):
        """HireFire's and Judoscale's users: up at once, down when all is below."""
        world = with_values(
            latency_up="30s", latency_down="5s", stabilization_down="1m"
        )
        world.add(worker=4)

        def dynos_after(latency, periods):
            world.report({"worker": Reading(3, latency=latency)})
            for _ in range(periods):
                world.poll()
            return world.dynos()["worker"]

        assert dynos_after(1.0, 6) == 4  # 50 s below
        assert dynos_after(10.0, 1) == 4  # once not: the window begins anew
        assert dynos_after(1.0, 5) == 4  # 50 s ago it was 10 s
        assert dynos_after(1.0, 1) == 3  # all of the last 60 s
        assert dynos_after(1.0, 5) == 3  # the next one takes a window as well
        assert dynos_after(1.0, 1) == 2


class TestBusyDynos:
    def test_the_idle_tail_goes_and_the_long_job_stays(self):
        decision = one(Policy(10), Reading(1, busy=frozenset({2})), 9)

        assert decision.desired == 2
        assert decision.reason is Reason.BUSY_DYNOS

    def test_no_busy_dyno_holds_nothing(self):
        assert one(Policy(10), Reading(1, busy=frozenset()), 9).desired == 1

    def test_a_dyno_that_is_stopping_holds_none_of_the_others(self):
        """worker.12 was removed, and ends its job in its last 30 seconds."""
        assert one(Policy(10), Reading(1, busy=frozenset({3, 12})), 9).desired == 3

    def test_it_does_not_hold_a_scale_up_back(self):
        assert one(Policy(10), Reading(40, busy=frozenset({2})), 2).desired == 4

    def test_it_is_stronger_than_the_most_dynos(self):
        policy = Policy(10, max_dynos=3)

        assert one(policy, Reading(100, busy=frozenset({7})), 9).desired == 7

    def test_busy_dynos_that_are_not_known_hold_all(self):
        decision = one(Policy(10), Reading(1, busy=NOT_KNOWN), 9)

        assert decision.desired == 9
        assert decision.reason is Reason.BUSY_UNKNOWN

    def test_an_app_that_does_not_speak_of_it_is_scaled_by_its_count(self):
        assert one(Policy(10), Reading(1), 9).desired == 1

    @pytest.mark.parametrize("busy", [frozenset({8}), NOT_KNOWN])
    def test_after_the_limit_it_holds_no_longer(self, busy):
        policy = Policy(10, busy_limit=seconds(600))

        def desired(waited):
            past = Past(busy_since=NOON - seconds(waited))
            return decided(policy, 1, 9, past=past, busy=busy).desired

        assert desired(599) > 1
        assert desired(600) == 1

    def test_a_time_in_the_future_ends_no_waiting(self):
        policy = Policy(10, busy_limit=seconds(600))
        past = Past(busy_since=NOON + seconds(86_400))

        assert decided(policy, 1, 9, past=past, busy=frozenset({8})).desired == 8

    def test_without_a_limit_it_holds_for_ever(self):
        past = Past(busy_since=NOON - timedelta(days=30))

        assert decided(Policy(10), 1, 9, past=past, busy=frozenset({8})).desired == 8

    def test_over_time(self):
        """The limit counts from when others could have gone, not from a job's start."""
        world = with_values(busy_limit="1m", max_step_down="3")
        world.add(worker=9)

        def dynos(count, busy):
            world.report({"worker": Reading(count, busy=frozenset({busy}))})
            world.poll()
            return world.dynos()["worker"]

        assert [dynos(90, 9) for _ in range(20)] == [9] * 20  # all are needed
        assert [dynos(1, 9) for _ in range(6)] == [9] * 6  # 0 to 50 s
        assert dynos(1, 9) == 6  # 60 s; three at once
        assert dynos(1, 6) == 3  # and on
        assert dynos(40, 3) == 4  # they are needed again
        assert dynos(1, 4) == 4  # the time begins anew


class TestStranded:
    def test_many_stranded_jobs_wake_one_dyno(self):
        decision = one(Policy(10), Reading(60, stranded=60), 0)

        assert decision.desired == 1
        assert decision.reason is Reason.STRANDED

    def test_jobs_that_can_be_taken_count_as_ever(self):
        assert one(Policy(10), Reading(90, stranded=60), 0).desired == 3

    def test_no_dyno_is_removed_because_of_it(self):
        """Six dynos are booting, so no worker is there yet."""
        assert one(Policy(10), Reading(60, stranded=60), 6).desired == 6

    def test_the_wake_quantity_holds_all_the_same(self):
        assert one(Policy(10, wake_dynos=2), Reading(60, stranded=60), 0).desired == 2


class TestNextEta:
    POLICY = Policy(10, boot_time=seconds(45))

    @pytest.mark.parametrize(
        ("next_eta", "desired"),
        [
            pytest.param(46.0, 0, id="later than a boot takes"),
            pytest.param(45.0, 1, id="just in time"),
            pytest.param(0.5, 1, id="almost due"),
            pytest.param(None, 0, id="none"),
        ],
    )
    def test_a_sleeping_process_type(self, next_eta, desired):
        assert one(self.POLICY, Reading(0, next_eta=next_eta), 0).desired == desired

    def test_a_dyno_that_was_started_for_it_stays(self):
        assert one(self.POLICY, Reading(0, next_eta=20.0), 1).desired == 1

    def test_without_a_boot_time_nothing_is_started(self):
        assert one(Policy(10), Reading(0, next_eta=0.5), 0).desired == 0

    def test_the_most_dynos_are_kept_to(self):
        policy = Policy(10, boot_time=seconds(45), max_dynos=0)

        assert one(policy, Reading(0, next_eta=1.0), 0).desired == 0


class TestAtLeast:
    UNKNOWN = Unknown(Reason.COUNT_NULL, "a worker did not answer", at_least=44)

    def test_what_is_known_may_add_dynos(self):
        decision = one(Policy(10), Reading(self.UNKNOWN), 1)

        assert decision.desired == 5
        assert decision.count is None
        assert decision.trail[0].reason is Reason.COUNT_AT_LEAST

    @pytest.mark.parametrize("quantity", [5, 6, 50])
    def test_it_never_removes_one(self, quantity):
        assert one(Policy(10), Reading(self.UNKNOWN), quantity).hold

    def test_a_fallback_that_asks_for_more_is_taken(self):
        world = with_values(fallback="8", fallback_after="1")
        world.add(worker=1)
        world.report({"worker": Reading(self.UNKNOWN)})
        world.poll()

        assert world.dynos()["worker"] == 8

    def test_it_is_no_recommendation_that_a_window_remembers(self):
        world = with_values(stabilization_down="5m")
        world.add(worker=1)
        world.report({"worker": Reading(self.UNKNOWN)})
        world.poll()
        memory = world.coordinator.recall([1])[1]

        assert memory.pasts["worker"].recommended_down == ()


def test_policies_for_one_app_may_go_by_latency():
    world = World()
    world.add(worker=2)
    app = world.registry.get("shop")
    for process_type, values in for_app(latency_up="30s").items():
        world.registry.set_policy(app.name, process_type, values)
    world.report({"worker": Reading(900, latency=31.0)})
    world.poll()

    assert world.dynos()["worker"] == 3

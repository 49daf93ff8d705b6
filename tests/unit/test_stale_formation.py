"""A remembered formation is a belief: what may be done by it, and what may not.

Somebody has changed the dynos since the formation was read. Whatever the service
does then, the dynos must end as if it had known.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.core.app_state import IN_DOUBT_FOR
from scalar.core.errors import CountsUnavailable, PlatformUnavailable
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Cause, Reason
from scalar.ports.platform import Urgency
from scalar.service.evaluate.poll_and_scale import evaluate_now, explain
from tests.unit.scenarios.steps import by_hand, events, set_policy, walk
from tests.unit.world import World

AWAY = CountsUnavailable("the app answered HTTP 503")
#: Seconds that nobody looks at the formation in.
A_WHILE = 60
AN_HOUR = "1h"
LATER = "2099-01-01T00:00:00+00:00"


@pytest.fixture
def world():
    """Return an app with two dynos for 20 jobs, as remembered for a while."""
    world = World()
    world.add(worker=2)
    walk(world, [20])
    world.clock.walk(A_WHILE)
    return world


def least(number):
    return Reading(Unknown(Reason.COUNT_NULL, "one is silent", at_least=number))


#: Facts that no dyno may be removed by, whatever is remembered.
UNKNOWN = {
    "503 and a fallback": ({"fallback": 3, "fallback_after": 1}, AWAY),
    "null and a fallback": (
        {"fallback": 3, "fallback_after": 1},
        {"worker": Unknown(Reason.COUNT_NULL)},
    ),
    "left out, with a fallback": ({"fallback": 3, "fallback_after": 1}, {}),
    "at least 25": ({}, {"worker": least(25)}),
    "503 and a minimum": ({"min": 3}, AWAY),
    "503 and a floor of the schedule": (
        {"schedule": "UTC: daily 00:00-24:00 min=3"},
        AWAY,
    ),
    "an unknown latency": (
        {"latency_up": 5, "min": 3},
        {"worker": Reading(25, latency=Unknown(Reason.LATENCY_UNKNOWN))},
    ),
}
#: Guards that keep dynos that a count does not ask for.
GUARDS = {
    "none": {},
    "pause": {"pause_down": LATER},
    "window": {"stabilization_down": AN_HOUR},
    "cooldown": {"cooldown_down": AN_HOUR},
    "step": {"max_step_down": 1},
    "when empty": {"down_when_empty": "true"},
    "lease": {"manual_lease": AN_HOUR},
    "grace": {"release_grace": AN_HOUR},
}


def remember(world, what):
    """Leave the memory as it is, too low or too high, or lose it."""
    if what == "absent":
        world.coordinator.lose_everything()
    truth = {"low": 10, "high": 1, "right": 2, "absent": 10}[what]
    by_hand(world, truth)
    return truth


@pytest.mark.parametrize("memory", ["low", "high", "right", "absent"])
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("fact", UNKNOWN)
def test_nothing_is_removed_by_an_unknown_count(world, fact, guard, memory):
    values, answer = UNKNOWN[fact]
    set_policy(world, **values, **GUARDS[guard])
    truth = remember(world, memory)
    world.report(answer)
    done = world.poll()

    assert world.dynos()["worker"] >= truth
    assert not done.scaled or world.dynos()["worker"] > truth


@pytest.mark.parametrize(
    ("guard", "memory"),
    [
        (guard, memory)
        for guard in GUARDS
        for memory in ("low", "absent")
        # A change is noticed only beside what is remembered.
        if guard != "none" and (guard, memory) != ("lease", "absent")
    ],
)
@pytest.mark.parametrize("count", [30, 3])
def test_a_guard_sees_the_dynos_that_there_are(world, guard, memory, count):
    """An up to 3, or a down to 1, by the memory; a down from 10 in truth."""
    if guard == "grace":
        world.platform.releases["shop"] = datetime(2026, 1, 1, 12, tzinfo=UTC)
    set_policy(world, **GUARDS[guard])
    truth = remember(world, memory)
    if guard == "window":
        world.report({"worker": 99})
        world.poll()
        world.clock.walk(A_WHILE)
        truth = world.dynos()["worker"]
    if guard == "cooldown":
        world.report({"worker": 120})
        world.poll()
        truth = 12
        by_hand(world, truth)
        world.clock.walk(A_WHILE)
    walk(world, [count])

    assert world.dynos()["worker"] >= truth - (guard == "step")


@pytest.mark.parametrize("count", [30, 3])
def test_busy_dynos_are_quiesced_before_an_up_that_is_a_down_in_truth(world, count):
    by_hand(world, 10)
    world.report({"worker": Reading(count, busy=frozenset({7, 9}))})
    world.poll()

    assert world.counts.kept == [{"worker": 9}]
    assert world.dynos() == {"worker": 9}


def test_a_busy_dyno_that_the_memory_lacks_makes_the_formation_be_read(world):
    by_hand(world, 10)
    reads = world.reads
    world.report({"worker": Reading(20, busy=frozenset({7}))})
    world.poll()

    assert world.reads > reads
    assert world.dynos()["worker"] == 7


def test_without_a_guard_a_change_costs_one_call(world):
    calls = len(world.platform.calls)

    assert walk(world, [30, 5, 0]) == [3, 1, 0]
    assert [call[0] for call in world.platform.calls[calls:]] == ["PATCH"] * 3


def test_with_a_guard_a_change_costs_two_and_the_next_one_in_a_period_one(world):
    set_policy(world, max_step_up=1)
    calls = len(world.platform.calls)

    assert walk(world, [90, 90]) == [3, 4]
    methods = [call[0] for call in world.platform.calls[calls:]]
    assert methods == ["GET", "PATCH", "GET", "PATCH"]
    world.poll(seconds=5)
    assert [call[0] for call in world.platform.calls[calls:]] == [*methods, "PATCH"]


def test_at_rest_the_formation_is_read_once_in_its_time(world):
    set_policy(world, **GUARDS["window"], **GUARDS["grace"])
    reads = world.reads

    walk(world, [20] * 360)  # an hour
    assert world.reads - reads <= 8


class TestWhileCallsAreLow:
    """Only calls for a scale up are allowed."""

    @pytest.fixture
    def low(self, world):
        def deny(urgency, _key):
            if urgency is not Urgency.SCALE_UP:
                return Cause(Reason.CALLS_LOW, "450 calls left")
            return None

        world.account.denial = deny
        return world

    def test_an_up_that_rests_on_the_memory_is_read_for(self, low):
        set_policy(low, fallback=3, fallback_after=1)
        by_hand(low, 10)
        low.report(AWAY)
        low.poll()

        assert low.dynos()["worker"] == 10

    def test_a_last_call_goes_to_an_up_that_no_guard_concerns(self, low):
        left = [1]

        def deny(_urgency, _key):
            left[0] -= 1
            return Cause(Reason.CALLS_LOW, "none left") if left[0] < 0 else None

        low.account.denial = deny
        assert walk(low, [50]) == [5]

    def test_what_cannot_be_read_holds_its_process_type_only(self, low):
        low.platform.formations["shop"]["mailer"] = ProcessType(1)
        low.poll(seconds=700)
        low.report({"worker": 20, "mailer": 1})
        low.account.denial = lambda *_: None
        low.poll(seconds=700)
        set_policy(low, "mailer", max_step_up=1)
        low.clock.walk(A_WHILE)
        reads = []

        def deny(urgency, _key):
            reads.append(urgency)
            return Cause(Reason.CALLS_LOW, "none") if len(reads) == 1 else None

        low.account.denial = deny
        low.report({"worker": 50, "mailer": 90})
        done = low.poll()

        assert low.dynos() == {"worker": 5, "mailer": 1}
        (mailer, _) = done.decisions
        assert mailer.hold.reason is Reason.CALLS_LOW
        assert done.is_stuck


class TestAChangeWithoutAnAnswer:
    """Heroku carries a PATCH out late, or has carried it out unheard."""

    @pytest.fixture
    def asked(self, world):
        """Ask for one dyno in place of two; the answer is lost."""
        world.platform.failures = [PlatformUnavailable("no answer in time")]
        walk(world, [5])
        assert world.dynos()["worker"] == 2
        return world

    def carried_out(self, world):
        by_hand(world, 1)

    @pytest.mark.parametrize("polls", range(5))
    def test_it_is_noticed_within_a_minute(self, asked, polls):
        walk(asked, [20] * polls)
        self.carried_out(asked)
        assert walk(asked, [20, 20])[-1] == 2

    def test_it_is_ours_whenever_it_is_seen(self, asked):
        set_policy(asked, manual_lease=AN_HOUR)
        walk(asked, [20] * 10)
        self.carried_out(asked)
        asked.clock.walk(700)

        assert walk(asked, [20]) == [2]
        assert events(asked, EventKind.CHANGED_ELSEWHERE) == []
        downs = [e for e in events(asked, EventKind.SCALED) if e.to_quantity == 1]
        assert [event.from_quantity for event in downs] == [2]

    def test_it_is_looked_for_for_a_minute_only(self, asked):
        walk(asked, [20] * 7)
        reads = asked.reads
        walk(asked, [20] * 30)

        assert timedelta(minutes=1) == IN_DOUBT_FOR
        assert asked.reads == reads

    def test_somebody_elses_change_stays_theirs(self, asked):
        by_hand(asked, 7)
        walk(asked, [20])

        (event,) = events(asked, EventKind.CHANGED_ELSEWHERE)
        assert (event.from_quantity, event.to_quantity) == (2, 7)

    def test_a_process_that_dies_in_the_call_leaves_it_in_doubt(self, world):
        class Killed(BaseException):
            pass

        world.platform.failures = [Killed()]
        with pytest.raises(Killed):
            walk(world, [5])
        walk(world, [20])
        self.carried_out(world)

        assert walk(world, [20, 20])[-1] == 2
        assert events(world, EventKind.CHANGED_ELSEWHERE) == []


class TestARedisThatFailedOver:
    """The memory is of before the change from 2 to 8; 20 jobs since long."""

    @pytest.fixture
    def behind(self, world):
        set_policy(world, stabilization_down="10m")
        walk(world, [20] * 60)
        known = world.memory()
        walk(world, [80])
        world.coordinator.lose_the_last_second(known, app_id=1)
        return world

    def test_the_dynos_of_that_time_count_as_recommended(self, behind):
        behind.poll(seconds=600)
        assert walk(behind, [20] * 59) == [8] * 59
        assert walk(behind, [20] * 4)[-1] == 2

    def test_the_change_is_ours_if_the_journal_has_it(self, behind):
        set_policy(behind, manual_lease=AN_HOUR)
        walk(behind, [90])

        assert events(behind, EventKind.CHANGED_ELSEWHERE) == []
        assert [e.to_quantity for e in events(behind, EventKind.SCALED)] == [8, 9]

    def test_it_is_read_before_the_next_change_and_not_at_once(self, behind):
        reads = behind.reads
        walk(behind, [20])
        assert behind.reads == reads
        walk(behind, [90])
        assert behind.reads == reads + 1
        assert not behind.memory().doubtful


class TestAProcessTypeThatIsNotRemembered:
    def test_jobs_for_it_make_the_formation_be_read_within_half_a_minute(self, world):
        world.platform.formations["shop"]["mailer"] = ProcessType(0)

        assert 2 in walk(world, [20] * 4, "mailer")

    def test_a_first_deployment_is_noticed(self):
        world = World()
        world.add()
        world.report({"worker": 5})
        world.poll()
        world.platform.formations["shop"]["worker"] = ProcessType(0)

        assert walk(world, [5] * 3)[-1] == 1

    def test_it_is_read_for_every_half_minute_at_most(self, world):
        reads = world.reads
        world.report({"worker": 20, "wroker": 5})
        for _ in range(60):
            world.poll()

        assert world.reads - reads == 20

    def test_nothing_is_read_for_one_without_jobs(self, world):
        reads = world.reads
        world.report({"worker": 20, "wroker": 0})
        for _ in range(30):
            world.poll()

        assert world.reads == reads

    def test_one_read_that_leaves_it_out_forgets_no_guard(self, world):
        set_policy(world, manual_lease="1d")
        by_hand(world, 8)
        world.poll(seconds=700)
        rows = world.platform.formations["shop"]
        world.platform.formations["shop"] = {}
        world.poll(seconds=700)
        world.platform.formations["shop"] = rows

        assert walk(world, [1] * 70) == [8] * 70
        assert world.memory().absent == {}

    def test_a_change_while_it_was_left_out_is_noticed(self, world):
        set_policy(world, manual_lease="1d")
        world.poll(seconds=700)
        world.platform.formations["shop"] = {}
        world.poll(seconds=700)
        world.platform.formations["shop"] = {"worker": ProcessType(6)}

        assert walk(world, [1] * 4)[-1] == 6

    def test_it_is_forgotten_after_a_day(self, world):
        world.platform.formations["shop"] = {}
        world.poll(seconds=700)
        assert world.memory().absent
        world.poll(seconds=86_500)
        assert not world.memory().absent


class TestOneRefusedRow:
    @pytest.fixture
    def world(self):
        world = World()
        world.add(worker=1, mailer=1)
        world.report({"worker": 10, "mailer": 10})
        world.poll()
        world.report({"worker": 50, "mailer": 50})
        return world

    def test_a_process_type_that_a_deployment_removed_does_not_hold_the_others(
        self, world
    ):
        del world.platform.formations["shop"]["mailer"]
        done = world.poll()

        assert world.dynos() == {"worker": 5}
        (mailer, _) = done.decisions
        assert mailer.hold.reason is Reason.NOT_IN_FORMATION

    def test_a_refusal_is_kept_for_its_process_type_in_herokus_words(self, world):
        world.platform.refused["mailer"] = "Cannot scale mailer."
        done = world.poll()

        assert world.dynos() == {"worker": 5, "mailer": 1}
        (mailer, worker) = done.decisions
        assert mailer.hold == Cause(Reason.HEROKU_REFUSED, "Cannot scale mailer.")
        assert worker.hold is None
        assert done.hold is None

        calls = len(world.platform.calls)
        world.report({"worker": 60, "mailer": 50})
        world.poll()
        assert world.dynos() == {"worker": 6, "mailer": 1}
        assert len(world.platform.calls) == calls + 1
        assert world.memory().stuck

        world.platform.refused.clear()
        assert world.poll(seconds=60).scaled
        assert world.dynos() == {"worker": 6, "mailer": 5}
        assert not world.memory().refusals

    def test_a_failure_among_them_leaves_the_rest_for_later(self, world):
        world.platform.refused["mailer"] = "Cannot scale mailer."
        away = PlatformUnavailable("no answer in time")
        world.platform.failures = []
        real = world.platform.calls

        class Calls(list):
            def append(self, call):
                super().append(call)
                if call == ("PATCH", "shop", {"worker": 5}):
                    world.platform.failures = [away]

        world.platform.calls = Calls(real)
        done = world.poll()

        assert done.hold.reason is Reason.HEROKU_UNAVAILABLE
        assert world.dynos() == {"worker": 1, "mailer": 1}
        assert [e.process_type for e in world.memory().unconfirmed] == ["worker"]
        assert events(world, EventKind.SCALED) == []

    def test_a_process_type_refused_alone_is_not_asked_for_twice(self, world):
        world.platform.refused["mailer"] = "Cannot scale mailer."
        world.report({"worker": 10, "mailer": 50})
        world.poll()

        assert world.patches == [{"mailer": 5}]


def test_dynos_are_not_removed_by_counts_of_long_ago(world):
    store = world.coordinator.store

    def freeze(lease, memory):
        world.clock.walk(60)
        return store(lease, memory)

    world.coordinator.store = freeze
    assert walk(world, [5]) == [2]
    assert walk(world, [50]) == [5]
    world.coordinator.store = store
    assert walk(world, [5]) == [1]


def test_the_first_known_count_removes_nothing(world):
    walk(world, [AWAY])

    assert walk(world, [0, 0, 0]) == [2, 2, 0]


def test_an_up_does_not_wait_for_a_count_to_settle(world):
    walk(world, [AWAY])

    assert walk(world, [50]) == [5]


def test_counts_that_flap_remove_nothing(world):
    assert walk(world, [AWAY, 0, AWAY, 0, 0, AWAY, 0]) == [2] * 7


def test_a_person_is_answered_from_a_fresh_formation(world):
    world.platform.failures = [PlatformUnavailable("no answer in time")]
    del world.platform.formations["shop"]["worker"]
    world.report({"worker": 20})
    world.poll(seconds=700)
    world.platform.formations["shop"]["worker"] = ProcessType(4)

    (seen,) = explain(world.parts, world.registry.get("shop")).decisions
    assert (seen.current, seen.desired) == (4, 2)
    assert evaluate_now(world.parts, world.registry.app_key("shop")).scaled

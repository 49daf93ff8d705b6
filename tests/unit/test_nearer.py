"""Of two values that contradict each other, the nearer one wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.decision.bounds import bounds
from scalar.core.errors import InvalidInput
from scalar.core.policy.policy import Policy
from scalar.core.policy.resolve import PolicyBook
from scalar.core.reason import Cause, Reason
from scalar.service.policies import change_policy
from tests.unit.world import World
from tests.unit.world_cli import WorldCli

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def policy_of(environment=None, app=None, worker=None) -> Policy | Cause:
    policies = {WHOLE_APP: app or {}, "worker": worker or {}}
    url = CountsAddress.parse("https://shop.example/counts")
    row = RegisteredApp(1, "shop", url, 1, NOON, policies)
    book = PolicyBook(environment or {}, scale_web_to_zero=False)
    return book.of(row, "worker")


@pytest.mark.parametrize(
    ("places", "fewest", "most"),
    [
        pytest.param(({"max": "3"}, {"min": "5"}), 5, 5, id="max of the fleet"),
        pytest.param(({"min": "5"}, {"max": "3"}), 3, 3, id="min of the fleet"),
        pytest.param(({"max": "3"}, {}, {"min": "5"}), 5, 5, id="of the process type"),
        pytest.param(({}, {"max": "3"}, {"min": "5"}), 5, 5, id="max of the app"),
        pytest.param(({}, {"min": "5"}, {"max": "3"}), 3, 3, id="min of the app"),
        pytest.param(({"min": "9"}, {"max": "3"}, {"min": "5"}), 5, 5, id="hidden"),
        pytest.param(({"max": "5"}, {"min": "3"}), 3, 5, id="no contradiction"),
    ],
)
def test_the_nearer_end_of_the_range_wins(places, fewest, most):
    policy = policy_of(*places)

    assert (policy.min_dynos, policy.max_dynos) == (fewest, most)
    assert bool(policy.notes) == (fewest == most)


@pytest.mark.parametrize("name", ["wake", "fallback"])
def test_so_it_is_with_the_other_floors(name):
    field = f"{name}_dynos"
    near = policy_of({"max": "3"}, {name: "5"})
    far = policy_of({name: "5"}, {"max": "3"})

    assert (getattr(near, field), near.max_dynos) == (5, 5)
    assert (getattr(far, field), far.max_dynos) == (3, 3)
    assert near.notes == (
        f"max = 3 from environment counts as 5: {name} from app is nearer",
    )


def test_each_of_three_places_yields_to_the_nearer_ones():
    """`max` 3 of the app: above it `min` 5 of the type, below it `wake` 9 of all."""
    policy = policy_of({"wake": "9"}, {"max": "3"}, {"min": "5"})

    assert (policy.min_dynos, policy.max_dynos, policy.wake_dynos) == (5, 5, 5)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param(
            ({"latency_up": "60"}, {"drain_time": "1h"}),
            {"latency_up": None, "drain_time": timedelta(hours=1)},
            id="drain time",
        ),
        pytest.param(
            ({"latency_up": "60", "latency_down": "5"}, {"drain_time": "1h"}),
            {"latency_up": None, "latency_down": None},
            id="drain time over both",
        ),
        pytest.param(
            ({"drain_time": "1h"}, {"latency_up": "60"}),
            {"latency_up": timedelta(seconds=60), "drain_time": None},
            id="latency",
        ),
        pytest.param(
            ({"latency_up": "60", "latency_down": "30"}, {"latency_up": "10"}),
            {"latency_down": timedelta(seconds=10)},
            id="a shorter latency_up",
        ),
        pytest.param(
            ({"latency_up": "60"}, {"latency_down": "90"}),
            {"latency_up": timedelta(seconds=90)},
            id="a longer latency_down",
        ),
        pytest.param(
            ({"latency_up": "60", "latency_down": "30"}, {"latency_up": "none"}),
            {"latency_up": None, "latency_down": None},
            id="none",
        ),
    ],
)
def test_the_nearer_strategy_wins(places, expected):
    policy = policy_of(*places)

    assert {name: getattr(policy, name) for name in expected} == expected
    assert policy.notes


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param(({"max": "3"}, "min=5"), (5, 5), id="window over max"),
        pytest.param(({"min": "5"}, "max=3"), (3, 3), id="window over min"),
        pytest.param(("min=5", {"max": "3"}), (3, 3), id="max over window"),
        pytest.param(("max=3", {"min": "5"}), (5, 5), id="min over window"),
        pytest.param(("min=2 max=9", {"min": "5"}), (2, 9), id="a whole window"),
    ],
)
def test_so_it_is_with_a_window_of_the_schedule(places, expected):
    """While it is open; the range beside it stays as it is."""
    policy = policy_of(
        *(
            {"schedule": f"UTC: daily 08:00-18:00 {p}"} if isinstance(p, str) else p
            for p in places
        )
    )

    assert bounds(policy, NOON)[:2] == expected


def test_what_contradicts_each_other_in_one_place_is_a_problem():
    problem = policy_of({}, {"min": "5", "max": "3"})

    assert problem.reason is Reason.POLICY_INVALID
    assert "max = 3, must be at least min (5)" in problem.detail


def test_the_environment_freezes_no_process_type():
    """`config:set MAX_DYNOS=3` under a stored `min=5`."""
    world = World()
    world.add(worker=5)
    world.registry.set_policy("shop", "worker", {"min": "5", "max": "20"})
    world.environment = {"max": "3"}
    world.registry.set_policy("shop", "worker", {"min": "5"})
    world.report({"worker": 0})
    (decision,) = world.poll().decisions

    assert (decision.hold, decision.desired) == (None, 5)
    assert decision.reason is Reason.TOO_FEW_DYNOS
    assert decision.trail[-1].detail == (
        "at least 5; max = 3 from environment counts as 5: min from process type is "
        "nearer"
    )


def test_a_person_may_go_beyond_what_holds_for_all_apps_but_not_contradict_themselves():
    world = World(environment={"max": "3"})
    world.add(worker=5)
    change_policy(world.parts, "shop", WHOLE_APP, put={"min": "5"})
    assert world.registry.get("shop").policies == {"": {"min": "5"}}

    with pytest.raises(InvalidInput, match=r"max = 4, must be at least min \(5\)"):
        change_policy(world.parts, "shop", "worker", put={"max": "4"})


def test_an_invalid_value_that_nothing_contradicts_is_a_problem_as_before():
    assert isinstance(policy_of({}, {"min": "many"}), Cause)


@pytest.fixture
def cli():
    cli = WorldCli(COUNT_BOUNDARY="10")
    cli.world.environment = {"max": "3"}
    cli.world.add(worker=5)
    cli.world.registry.set_policy("shop", "worker", {"min": "5"})
    cli.world.report({"worker": 20})
    return cli


NOTE = "max = 3 from environment counts as 5: min from process type is nearer"


def test_show_app_and_check_app_say_so(cli):
    assert f"  note: {NOTE}\n" in cli("show-app", "shop").stdout
    policies = cli.data("show-app", "shop")["policies"]
    assert policies["worker"]["notes"] == [NOTE]
    assert policies["(app)"]["notes"] == []

    cli.world.report({"worker": 50})
    assert f"  note: {NOTE}\n" in cli("check-app", "shop").stdout
    (row,) = cli.data("check-app", "shop")["process_types"]
    assert row["notes"] == [NOTE]


def test_the_step_that_says_it_is_not_followed_by_a_note(cli):
    assert cli("check-app", "shop").stdout.count(NOTE) == 1


def test_a_policy_that_was_read_keeps_its_other_values():
    plain = policy_of({}, {"min": "1", "max": "3", "tolerance": "0.1"})
    changed = replace(plain, max_dynos=5, min_dynos=5)

    assert (
        replace(policy_of({"max": "3"}, {"min": "5", "tolerance": "0.1"}), notes=())
        == changed
    )

"""Change the policy of an app: all of it right, or nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import AppNotFound, CoordinationError, InvalidInput
from scalar.service.policies import (
    change_policy,
    directions,
    pauses,
    set_policy,
    unset_policy,
)
from tests.unit.world import World


@pytest.fixture
def world():
    world = World()
    world.add(worker=1)
    return world


def change(world, process_type=WHOLE_APP, remove=(), **put):
    return change_policy(world.parts, "shop", process_type, put=put, remove=remove)


def stored(world):
    return world.registry.get("shop").policies


def test_values_are_set_beside_those_that_are_there(world):
    change(world, max="9")
    app = change(world, min="2")

    assert app.policies == {WHOLE_APP: {"max": "9", "min": "2"}}
    assert app == world.registry.get("shop")


def test_a_value_is_set_anew(world):
    change(world, max="9")

    assert change(world, max="8").policies == {WHOLE_APP: {"max": "8"}}


def test_values_are_taken_away_and_one_that_is_not_there_is_no_error(world):
    change(world, "worker", max="9", min="2")
    change(world, "worker", remove=["max", "wake"])
    assert stored(world) == {"worker": {"min": "2"}}
    change(world, "worker", remove=["min"])

    assert stored(world) == {}


def test_a_change_takes_effect_at_the_next_poll(world):
    world.report({"worker": 500})
    change(world, max="9")
    world.poll()
    change(world, max="8")
    world.poll()

    assert world.patches == [{"worker": 9}, {"worker": 8}]


@pytest.mark.parametrize(
    ("process_type", "put", "rule"),
    [
        pytest.param("", {"max": "x"}, "max = 'x', must be an integer", id="a text"),
        pytest.param(
            "", {"maximum": "1"}, "unknown policy value 'maximum'", id="a name"
        ),
        pytest.param("", {"min": "9"}, "max = 5, must be at least min", id="the range"),
        pytest.param(
            "worker", {"min": "9"}, "for worker: max = 5, must be at", id="of the app"
        ),
        pytest.param(
            "", {"max": "2"}, "for mailer: max = 2, must be", id="of a process type"
        ),
    ],
)
def test_a_change_that_breaks_a_rule_changes_nothing(world, process_type, put, rule):
    change(world, max="5")
    change(world, "mailer", min="3")
    before = world.registry.get("shop")

    with pytest.raises(InvalidInput, match="policy of shop") as refusal:
        change(world, process_type, **put)
    assert rule in str(refusal.value)
    assert world.registry.get("shop") == before


def test_what_was_broken_elsewhere_before_prevents_no_change(world):
    world.registry.set_policy("shop", "mailer", {"max": "x"})
    change(world, "worker", max="5")

    assert stored(world)["worker"] == {"max": "5"}


def test_what_is_broken_is_mended_by_taking_it_away(world):
    world.registry.set_policy("shop", "worker", {"max": "x", "min": "1"})
    change(world, "worker", remove=["max"])

    assert stored(world) == {"worker": {"min": "1"}}


@pytest.mark.parametrize("name", ["two words", "a" * 129, "a/b", "\n", "worker\n"])
def test_what_can_be_no_process_type_is_refused(world, name):
    with pytest.raises(InvalidInput, match="must have 1 to 128 letters"):
        change(world, name, max="9")

    assert stored(world) == {}


def test_an_unknown_app_is_refused(world):
    with pytest.raises(AppNotFound, match="add-app blog"):
        change_policy(world.parts, "blog", "", put={"max": "9"})


@pytest.mark.parametrize(
    ("up", "down", "names"),
    [
        (True, False, ["pause_up"]),
        (False, True, ["pause_down"]),
        (True, True, ["pause_up", "pause_down"]),
        (False, False, ["pause_up", "pause_down"]),
    ],
)
def test_without_a_direction_both_are_meant(up, down, names):
    assert directions(up=up, down=down) == names
    assert list(pauses(None, up=up, down=down)) == names


def test_a_pause_is_stored_as_the_time_of_its_end(world):
    end = datetime(2026, 1, 1, 13, 0, 10, tzinfo=timezone(timedelta(hours=1)))
    change(world, **pauses(end, up=True, down=False))
    assert stored(world) == {WHOLE_APP: {"pause_up": "2026-01-01T13:00:10+01:00"}}

    policy = world.parts.policies.of(world.registry.get("shop"), "worker")
    assert policy.pause_up == datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)


def test_to_unset_all_values_leaves_the_pauses(world):
    change(world, max="9", **pauses(None, up=True, down=False))
    done = unset_policy(world.parts, "shop", WHOLE_APP, None)

    assert done.names == ("max",)
    assert stored(world) == {WHOLE_APP: {"pause_up": "resumed"}}


def test_without_redis_a_policy_is_set(world, monkeypatch):
    def away(_ids):
        raise CoordinationError("Redis is away")

    monkeypatch.setattr(world.coordinator, "recall", away)
    set_policy(world.parts, "shop", "worker", {"max": "9"})

    assert stored(world) == {"worker": {"max": "9"}}


def test_a_pause_without_an_end_is_resumed(world):
    world.report({"worker": 50})
    change(world, **pauses(None, up=False, down=False))
    world.poll()
    assert world.patches == []
    change(world, remove=directions(up=False, down=False))
    world.poll()

    assert world.patches == [{"worker": 5}]

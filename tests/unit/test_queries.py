"""What is shown of the fleet, and what stays of it when something cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppNotFound,
    CoordinationError,
    CountsUnavailable,
    SecretUnreadable,
)
from scalar.core.policy.resolve import PolicyBook, Setting
from scalar.core.reading import Form
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.service import queries
from scalar.service.policies import change_policy, pause
from scalar.service.queries import DynoRow, KeyOwner, Orders, ShownPolicy, Status
from tests.unit.world import World

OWN = Secret("HRKU-hunter2")


@pytest.fixture
def world():
    """An app `shop` with one worker, whose count wants four."""
    world = World()
    world.add(worker=1)
    world.report({"worker": 40})
    return world


def fleet(world):
    return {app.name: app for app in queries.fleet(world.parts).apps}


def shop(world):
    return fleet(world)["shop"]


def details(world, name="shop"):
    return queries.app_details(world.parts, name)


def set_policy(world, process_type=WHOLE_APP, **values):
    change_policy(world.parts, "shop", process_type, put=values)


def lose_redis(world):
    """Let Redis be away from now on."""

    def away(_ids):
        raise CoordinationError("Redis is away")

    world.coordinator.recall = away


# the fleet


def test_the_fleet_is_empty_at_first():
    assert queries.fleet(World().parts).apps == ()


def test_every_app_is_there_in_the_order_of_the_names(world):
    world.add("mail")
    world.add("blog")

    assert list(fleet(world)) == ["blog", "mail", "shop"]


def test_an_app_that_was_not_evaluated_has_no_state_yet(world):
    assert shop(world).state.status is Status.NOT_EVALUATED


def test_an_app_is_in_order_after_an_evaluation_that_holds_nothing(world):
    world.poll()

    assert shop(world).state.status is Status.OK
    assert shop(world).state.holds == {}


def test_an_app_is_held_since_its_first_failure_and_backs_off(world):
    world.report(CountsUnavailable("HTTP 503"))
    began = world.clock.now() + timedelta(seconds=10)
    for _ in range(4):
        world.poll()

    state = shop(world).state
    hold = state.holds[WHOLE_APP]
    assert state.status is Status.HELD
    assert (hold.reason, hold.since, hold.times) == (
        Reason.COUNTS_UNAVAILABLE,
        began,
        4,
    )
    assert state.backoff > 0


def test_an_app_is_held_in_part_if_only_some_process_types_are(world):
    world.report({"worker": 40, "wroker": 1})
    world.poll()

    assert shop(world).state.status is Status.HELD_IN_PART
    assert shop(world).state.holds["wroker"].reason is Reason.NOT_IN_FORMATION


def test_orders_say_what_they_apply_to(world):
    assert shop(world).orders == Orders()
    pause(world.parts, "shop", "worker", None, up=False, down=True)
    set_policy(world, dry_run="yes")

    orders = shop(world).orders
    assert orders.paused == {"worker"}
    assert WHOLE_APP in orders.dry_run


def test_a_pause_that_is_over_is_no_order_any_more(world):
    end = world.clock.now() + timedelta(hours=2)
    pause(world.parts, "shop", WHOLE_APP, end, up=False, down=False)
    assert shop(world).orders.paused == {WHOLE_APP}
    world.clock.walk(7200)

    assert shop(world).orders.paused == set()


def test_an_address_is_shown_without_its_secrets(world):
    address = CountsAddress.parse("https://u:hunter2@shop.example/hirefire", token=OWN)
    world.registry.set_address("shop", address)

    shown = shop(world).address
    assert shown.url == "https://u:***@shop.example/hirefire"
    assert shown.form is Form.HIREFIRE
    assert shown.described == f"{shown.url} (hirefire)"
    assert "hunter2" not in repr(queries.fleet(world.parts))


def test_an_app_is_scaled_with_its_own_key_or_the_shared_one(world):
    world.add("blog", heroku_key=OWN)

    keys = {name: app.heroku_key for name, app in fleet(world).items()}
    assert keys == {"shop": KeyOwner.SHARED, "blog": KeyOwner.APP}


def test_an_app_that_cannot_be_decrypted_is_still_there_with_its_state(world):
    world.add("blog", heroku_key=OWN)
    world.poll()
    world.registry.unreadable = {"shop"}

    apps = fleet(world)
    assert (apps["shop"].address, apps["shop"].heroku_key) == (None, KeyOwner.UNKNOWN)
    assert apps["shop"].state.status is Status.OK
    assert apps["blog"].heroku_key is KeyOwner.APP


def test_without_redis_the_apps_are_there_and_their_states_are_unknown(world):
    world.poll()
    lose_redis(world)

    answer = queries.fleet(world.parts)
    assert answer.state_problem == "Redis is away"
    assert [app.state.status for app in answer.apps] == [Status.UNKNOWN]
    assert answer.apps[0].address is not None


# one app


def test_the_formation_is_shown_as_last_read_with_known_limits(world):
    assert details(world).formation == {}
    assert details(world).formation_read_at is None
    world.poll()

    shown = details(world)
    assert shown.formation == {"worker": DynoRow(4, "Standard-1X", None)}
    assert shown.formation_read_at == world.clock.now()
    assert shown.at == world.clock.now()
    assert shown.summary == shop(world)


def test_each_value_of_a_policy_has_its_origin(world):
    set_policy(world, max="9")
    set_policy(world, "worker", max="4")

    policies = details(world).policies
    assert [(s.name, s.text, s.origin) for s in policies[WHOLE_APP].settings] == [
        ("boundary", "10", "environment"),
        ("max", "9", "app"),
    ]
    of_worker = policies["worker"].settings[1]
    assert (of_worker.text, of_worker.origin) == ("4", "process type")
    assert of_worker.mark.at == world.clock.now()


def test_a_process_type_of_the_formation_has_the_policy_of_its_app(world):
    world.poll()

    assert list(details(world).policies) == [WHOLE_APP, "worker"]


def test_where_no_boundary_is_set_its_default_is_shown(world):
    book = PolicyBook({}, scale_web_to_zero=False)
    parts = replace(world.parts, policies=book)

    policies = queries.app_details(parts, "shop").policies
    assert policies[WHOLE_APP].settings == (Setting("boundary", "0", "default"),)


def test_a_policy_that_is_not_valid_is_shown_with_its_problem(world):
    world.registry.set_policy("shop", "worker", {"max": "many"})

    policy = details(world).policies["worker"]
    assert isinstance(policy, ShownPolicy)
    assert "max = 'many', must be an integer" in policy.problem
    assert Setting("max", "many", "process type") in policy.settings


def test_an_app_that_cannot_be_decrypted_is_shown_without_its_policies(world):
    world.poll()
    world.registry.unreadable = {"shop"}

    shown = details(world)
    assert shown.policies == {}
    assert shown.formation["worker"].quantity == 4
    assert shown.summary.heroku_key is KeyOwner.UNKNOWN


def test_without_redis_an_app_is_shown_with_its_policies(world):
    world.poll()
    lose_redis(world)

    shown = details(world)
    assert shown.state_problem == "Redis is away"
    assert shown.formation == {}
    assert WHOLE_APP in shown.policies


# evaluations, events, keys


def test_an_explanation_changes_nothing(world):
    done = queries.explanation(world.parts, "shop")

    assert [(d.current, d.desired) for d in done.decisions] == [(1, 4)]
    assert world.dynos() == {"worker": 1}
    assert world.memory() is None
    assert world.journal.events == []


def test_an_explanation_needs_the_address(world):
    world.registry.unreadable = {"shop"}

    with pytest.raises(SecretUnreadable):
        queries.explanation(world.parts, "shop")


def test_events_are_those_of_one_app_or_of_all_newest_first(world):
    world.add("blog", worker=1)
    world.report({"worker": 20}, "blog")
    world.poll()
    world.poll("blog")

    assert [e.app for e in queries.events(world.parts, None, 10)] == ["blog", "shop"]
    assert [e.app for e in queries.events(world.parts, None, 1)] == ["blog"]
    assert [e.app for e in queries.events(world.parts, "shop", 10)] == ["shop"]


def test_the_events_of_a_removed_app_are_still_found(world):
    world.poll()
    world.registry.remove("shop")

    assert [e.to_quantity for e in queries.events(world.parts, "shop", 10)] == [4]


def test_an_app_without_events_has_none(world):
    assert queries.events(world.parts, "shop", 10) == []


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(lambda parts: queries.app_details(parts, "blog"), id="details"),
        pytest.param(lambda parts: queries.explanation(parts, "blog"), id="explain"),
        pytest.param(lambda parts: queries.events(parts, "blog", 10), id="events"),
        pytest.param(lambda parts: queries.app_key(parts, "blog"), id="a key"),
        pytest.param(lambda parts: queries.app_keys(parts, "blog"), id="keys"),
    ],
)
def test_an_unknown_app_is_named_with_the_way_to_add_it(world, query):
    with pytest.raises(AppNotFound, match="add-app blog"):
        query(world.parts)


def test_keys_are_those_of_one_app_or_of_all_and_need_no_decryption(world):
    world.add("blog")
    world.registry.unreadable = {"shop", "blog"}

    assert [key.name for key in queries.app_keys(world.parts, "blog")] == ["blog"]
    assert [key.name for key in queries.app_keys(world.parts, None)] == ["shop", "blog"]


def test_a_fleet_of_several_pages_is_read_whole(world, monkeypatch):
    monkeypatch.setattr("scalar.service.paging.PAGE", 2)
    for name in ("blog", "mail", "news"):
        world.add(name)

    assert list(fleet(world)) == ["blog", "mail", "news", "shop"]

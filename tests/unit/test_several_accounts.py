"""Apps of several Heroku accounts: what happens to one concerns no other."""

from __future__ import annotations

import pytest

from scalar.core.app import NewApp
from scalar.core.errors import AppNotFound, InvalidInput, NotAuthorized, Refused
from scalar.core.heroku_key import SHARED_KEY, read_key
from scalar.core.reason import Cause, Reason
from scalar.core.secret import Secret
from scalar.ports.platform import Urgency
from scalar.service.credentials import set_heroku_key, unset_heroku_key
from scalar.service.evaluate.poll_and_scale import explain
from scalar.service.registration import Wanted, move, register
from tests.unit.world import World

OWN = Secret("HRKU-own")
NEW = Secret("HRKU-new")


@pytest.fixture
def world():
    """The app `shop` has a key of its own, `blog` has none."""
    world = World(environment={"release_grace": "60"})
    world.add("shop", heroku_key=OWN, worker=1)
    world.add("blog", worker=1)
    for name in ("shop", "blog"):
        world.report({"worker": 30}, name)
    return world


def key_of(world, name):
    return world.registry.get(name).heroku_key


def test_every_call_for_an_app_is_made_with_its_key(world):
    """Reading, scaling up, asking for the last release, scaling down."""
    world.poll("shop")
    world.report({"worker": 10}, "shop")
    world.poll("shop")

    methods = [(call[0], key) for call, key in called(world)]
    assert methods == [
        *(("GET", OWN), ("PATCH", OWN)),
        *(("GET", OWN), ("PATCH", OWN)),
    ]
    world.platform.heroku_keys.clear()
    world.poll("blog")
    assert set(world.platform.heroku_keys) == {SHARED_KEY}


def called(world):
    return list(zip(world.platform.calls, world.platform.heroku_keys, strict=True))


@pytest.mark.parametrize(
    ("revoked", "held", "other"),
    [(OWN, "shop", "blog"), (SHARED_KEY, "blog", "shop")],
    ids=["an app's own key", "the key of all apps"],
)
def test_a_revoked_key_holds_its_own_apps_alone(world, revoked, held, other):
    world.platform.revoked = {revoked}
    done = {name: world.poll(name) for name in (held, other)}

    assert done[held].hold.reason is Reason.NOT_AUTHORIZED
    assert world.account.blamed == [revoked]
    assert world.dynos(held) == {"worker": 1}
    assert world.dynos(other) == {"worker": 3}


def test_calls_that_are_used_up_hold_the_apps_of_their_account(world):
    world.account.denial = lambda _urgency, key: (
        Cause(Reason.CALLS_LOW, "0 left") if key == OWN else None
    )
    world.poll("shop")
    world.poll("blog")

    assert world.dynos("shop") == {"worker": 1}
    assert world.dynos("blog") == {"worker": 3}


def test_scale_ups_come_first_in_each_account_by_itself(world):
    """Of the shop's few calls left none is for scaling down."""
    for name in ("shop", "blog"):
        world.poll(name)
        world.report({"worker": 10}, name)
    world.account.denial = lambda urgency, key: (
        Cause(Reason.CALLS_LOW, "3 left")
        if key == OWN and urgency is not Urgency.SCALE_UP
        else None
    )
    for name in ("shop", "blog"):
        world.poll(name)

    assert world.dynos("shop") == {"worker": 3}
    assert world.dynos("blog") == {"worker": 1}


def test_to_explain_an_app_its_own_key_is_used(world):
    explain(world.parts, world.registry.get("shop"))

    assert world.platform.heroku_keys == [OWN]


def test_an_app_that_was_refused_is_tried_at_once_with_another_key(world):
    """Not after the quarter of an hour that the refusals have come to."""
    refused = Refused("No.", reason=Reason.FORBIDDEN, status=403)
    for _ in range(4):
        world.platform.failures = [refused]
        assert world.poll("blog", 1000).hold.reason is Reason.FORBIDDEN
    set_heroku_key(world.parts, "blog", NEW, check=False)
    world.platform.failures = [refused]
    world.poll("blog", 1)
    waits = world.memory("blog").refusal
    assert (waits.times, world.platform.heroku_keys[-1]) == (1, NEW)
    world.poll("blog", 1)
    assert world.dynos("blog") == {"worker": 1}
    world.poll("blog", 60)

    assert world.dynos("blog") == {"worker": 3}


# registering


def test_an_app_is_registered_with_its_key_and_looked_for_with_it(world):
    world.platform.formations["mail"] = {}
    wanted = Wanted("https://blog.example/counts")
    register(world.parts, "mail", wanted, check=True, has_key=False, heroku_key=NEW)

    assert key_of(world, "mail") == NEW
    assert world.platform.heroku_keys == [NEW]


def test_a_key_that_heroku_refuses_registers_nothing(world):
    world.platform.revoked = {NEW}
    wanted = Wanted("https://blog.example/counts")

    with pytest.raises(Exception, match="--no-check"):
        register(world.parts, "mail", wanted, check=True, has_key=True, heroku_key=NEW)
    with pytest.raises(AppNotFound):
        world.registry.get("mail")


def test_an_app_that_moves_is_looked_for_with_its_key_and_keeps_it(world):
    wanted = Wanted("https://blog.example/counts")
    move(world.parts, "shop", wanted, check=True, has_key=False)

    assert key_of(world, "shop") == OWN
    assert world.platform.heroku_keys == [OWN]


def test_a_key_is_given_once_heroku_accepts_it(world):
    world.platform.revoked = {NEW}
    with pytest.raises(Exception, match="401"):
        set_heroku_key(world.parts, "shop", NEW, check=True)
    assert key_of(world, "shop") == OWN
    world.platform.revoked = set()
    set_heroku_key(world.parts, "shop", NEW, check=True)

    assert key_of(world, "shop") == NEW
    assert world.platform.heroku_keys == [NEW, NEW]


def test_a_key_is_given_without_asking_where_that_is_said(world):
    world.platform.revoked = {NEW}
    set_heroku_key(world.parts, "blog", NEW, check=False)

    assert key_of(world, "blog") == NEW
    assert world.platform.calls == []


def test_a_key_for_an_app_that_heroku_does_not_show_is_refused(world):
    del world.platform.formations["blog"]

    with pytest.raises(InvalidInput, match="that this key may see"):
        set_heroku_key(world.parts, "blog", NEW, check=True)
    assert key_of(world, "blog") == SHARED_KEY


def test_a_key_that_is_taken_away_leaves_the_one_of_all_apps(world):
    unset_heroku_key(world.parts, "shop")
    world.poll("shop")

    assert key_of(world, "shop") == SHARED_KEY
    assert set(world.platform.heroku_keys) == {SHARED_KEY}


# what a key may look like


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "two words", "ümlaut", "line\n", "x" * 1001),
        *("***", "https://user:hunter2@shop.example/"),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_repeated(text):
    with pytest.raises(InvalidInput, match="key") as failure:
        read_key(text)

    assert "hunter2" not in str(failure.value)
    assert "ümlaut" not in str(failure.value)


@pytest.mark.parametrize("text", ["HRKU-0a1b", "x" * 1000, "a/b+c==", "***x"])
def test_heroku_promises_no_form_of_a_key(text):
    assert read_key(text).reveal() == text


def test_the_key_is_not_shown_with_its_app(world):
    assert "HRKU" not in repr(world.registry.get("shop"))
    assert "HRKU" not in repr(world.memory("shop")) + repr(world.journal.events)


def test_an_error_of_the_twin_is_the_one_of_heroku(world):
    world.platform.revoked = {OWN}

    with pytest.raises(NotAuthorized):
        world.platform.of(NewApp("shop", OWN)).formation(Urgency.READ)
    with pytest.raises(Refused):
        world.platform.of(NewApp("unknown")).formation(Urgency.READ)

"""The registry: on the twin, SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from scalar.adapters.sql.journal import SqlJournal
from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.actor import Actor, Mark
from scalar.core.app import FORMER_NAME_KEPT, AppKey
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppChanged,
    AppNotFound,
)
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.secret import Secret
from scalar.ports.registry import Identity, OrdersNow
from tests.integration.database.support import (
    ADDRESSES,
    NOON,
    OTHER_URL,
    OWN,
    URL,
    each_address,
    event,
)


def test_an_app_is_read_back_as_registered(registry):
    added = registry.add("shop", URL, NOON)

    assert registry.get("shop") == added
    assert added.address == URL
    assert added.created_at == NOON
    assert registry.find(AppKey(added.id, "shop", 1)) == added


def test_a_name_cannot_be_registered_twice(registry):
    registry.add("shop", URL, NOON)

    with pytest.raises(AppAlreadyRegistered, match="shop"):
        registry.add("shop", URL, NOON)


def test_the_error_for_an_unknown_app_says_how_to_add_it(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.get("shop")
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.remove("shop")
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.app_key("shop")

    assert registry.find(AppKey(1, "shop", 1)) is None


def test_the_id_of_a_removed_app_is_never_reused(registry):
    first = registry.add("shop", URL, NOON)
    registry.remove("shop")
    second = registry.add("shop", URL, NOON)

    assert second.id > first.id


def test_pages_contain_every_app_once_in_order(registry):
    for number in range(7):
        registry.add(f"app-{number}", URL, NOON)
    pages = [registry.page(0, 3)]
    while pages[-1]:
        pages.append(registry.page(pages[-1][-1].id, 3))

    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [key.name for page in pages for key in page] == [
        f"app-{number}" for number in range(7)
    ]


@each_address
def test_an_address_is_read_back_as_registered(registry, address):
    added = registry.add("shop", address, NOON)
    registry.add("blog", OTHER_URL, NOON)
    registry.set_address("blog", address)

    assert added.address == address
    assert registry.get("shop").address == address
    assert registry.get("blog").address == address


def test_a_new_address_replaces_every_part_of_the_old_one(registry):
    registry.add("shop", ADDRESSES["a broker"], NOON)
    registry.set_address("shop", ADDRESSES["a token"])
    registry.set_address("shop", OTHER_URL)

    assert registry.get("shop").address == OTHER_URL


def test_a_new_app_has_no_policy(registry):
    assert registry.add("shop", URL, NOON).policies == {}


def test_policies_are_read_back_as_set(registry):
    registry.add("shop", URL, NOON)
    registry.add("blog", URL, NOON)
    schedule = 'Europe/Berlin:\nmon-fri 08:00-18:00 min=2\n"\u00e4" 100%'
    registry.set_policy("shop", "", {"max": "9", "schedule": schedule})
    registry.set_policy("shop", "worker", {"min": "1"})

    expected = {"": {"max": "9", "schedule": schedule}, "worker": {"min": "1"}}
    app = registry.get("shop")
    assert app.policies == expected
    assert registry.find(registry.app_key("shop")) == app
    assert registry.get("blog").policies == {}


def test_a_new_policy_replaces_the_old_one(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1", "max": "9"})
    registry.set_policy("shop", "worker", {"max": "8"})

    assert registry.get("shop").policies == {"worker": {"max": "8"}}


def test_an_empty_policy_is_removed(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "", {"max": "9"})
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.set_policy("shop", "", {})
    registry.set_policy("shop", "mailer", {})

    assert registry.get("shop").policies == {"worker": {"min": "1"}}


def test_an_app_has_its_own_heroku_key_or_the_shared_one(registry):
    added = registry.add("shop", URL, NOON, OWN)
    registry.add("blog", URL, NOON)

    assert added.heroku_key == registry.get("shop").heroku_key == OWN
    assert registry.find(registry.app_key("shop")) == added
    assert registry.get("blog").heroku_key == SHARED_KEY
    assert not registry.get("blog").heroku_key


def test_a_heroku_key_is_set_changed_and_removed(registry):
    before = registry.add("shop", URL, NOON)
    registry.add("blog", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    for number, heroku_key in enumerate((OWN, Secret("another"), SHARED_KEY), start=3):
        registry.set_heroku_key("shop", heroku_key)
        app = registry.get("shop")
        assert (app.heroku_key, app.revision) == (heroku_key, number)

    assert (app.id, app.address, app.created_at) == (before.id, URL, NOON)
    assert app.policies == {"worker": {"min": "1"}}
    assert registry.get("blog").heroku_key == SHARED_KEY


def test_a_new_address_keeps_the_heroku_key(registry):
    registry.add("shop", URL, NOON, OWN)
    registry.set_address("shop", OTHER_URL)

    assert registry.get("shop").heroku_key == OWN


def test_setting_the_heroku_key_of_an_unknown_app_fails(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_heroku_key("shop", OWN)


def test_each_change_increments_the_revision_of_its_app_only(registry):
    registry.add("shop", URL, NOON)
    blog = registry.add("blog", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    assert registry.app_key("shop").revision == 2
    registry.set_policy("shop", "worker", {})
    assert registry.app_key("shop").revision == 3
    registry.set_address("shop", OTHER_URL)
    assert registry.app_key("shop").revision == 4

    assert [key.revision for key in registry.page(0, 10)] == [4, 1]
    assert registry.get("blog") == blog


def test_a_new_url_keeps_the_rest_of_the_row(registry):
    added = registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.set_address("shop", OTHER_URL)

    app = registry.get("shop")
    assert app.address == OTHER_URL
    assert (app.id, app.created_at) == (added.id, added.created_at)
    assert app.policies == {"worker": {"min": "1"}}


def test_changing_an_unknown_app_fails(registry):
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_policy("shop", "worker", {"min": "1"})
    with pytest.raises(AppNotFound, match="add-app shop"):
        registry.set_address("shop", OTHER_URL)


def test_removing_an_app_removes_its_policies(registry):
    registry.add("shop", URL, NOON)
    registry.set_policy("shop", "worker", {"min": "1"})
    registry.remove("shop")

    assert registry.add("shop", URL, NOON).policies == {}


@pytest.mark.parametrize("number", [1, 60], ids=["one", "many"])
def test_process_types_with_the_longest_names_can_have_policies(registry, number):
    registry.add("shop", URL, NOON)
    names = [f"{n:02}".ljust(128, "x") for n in range(number)]
    for name in names:
        registry.set_policy("shop", name, {"max": "9"})

    assert registry.get("shop").policies == {name: {"max": "9"} for name in names}


def test_two_apps_may_follow_a_swap_at_the_same_time(engine):
    registry = SqlRegistry(engine, SecretCipher(Secret("")))
    journal = SqlJournal(engine)
    for number in range(3):
        pair = [f"one-{number}", f"two-{number}"]
        ids = [
            registry.add(name, URL, NOON, platform_id=f"id-{name}").id for name in pair
        ]
        journal.record([event(app=name) for name in pair])
        together = Barrier(2)

        def follow(place, ids=ids, pair=pair, together=together):
            together.wait()
            identity = Identity(f"id-{pair[place]}", pair[1 - place])
            return registry.identify(ids[place], identity, NOON)

        with ThreadPoolExecutor(2) as threads:
            assert list(threads.map(follow, (0, 1))) == [True, True]
        assert [registry.app_key(name).id for name in reversed(pair)] == ids
        assert [len(journal.recent(name, 9)) for name in pair] == [1, 1]


def test_a_rename_keeps_events_and_policies_and_the_old_name_for_a_while(stores):
    registry, journal = stores
    at = datetime.now(UTC)
    app = registry.add("blue", URL, NOON, platform_id="id-1")
    registry.set_policy("blue", "", {"max": "9"})
    journal.record([event(-1, app="blue"), event(1, app="blue")])
    before = registry.get("blue")
    assert registry.identify(app.id, Identity("id-1", "green", "https://g/"), at)
    assert not registry.identify(app.id, Identity("id-1", "green"), at)

    after = registry.get("blue")
    assert (after.id, after.name, after.former_names) == (app.id, "green", ("blue",))
    assert (after.policies, after.web_url) == ({"": {"max": "9"}}, "https://g/")
    assert after.revision > before.revision
    assert registry.find(AppKey(app.id, "", 0)) == after
    assert registry.name_of("id-1") == "green"
    assert len(journal.recent("green", 9)) == 1
    assert len(journal.recent("blue", 9)) == 1  # of an app that had the name before
    registry.set_policy("blue", "", {})
    assert registry.get("green").policies == {}
    registry.remove("blue")
    with pytest.raises(AppNotFound):
        registry.app_key("green")
    assert not registry.identify(app.id, Identity("id-1", "red"), at)


def test_a_former_name_is_forgotten_after_a_while(engine):
    registry = SqlRegistry(engine, SecretCipher(Secret("")))
    app = registry.add("blue", URL, NOON)
    long_ago = datetime.now(UTC) - FORMER_NAME_KEPT - timedelta(minutes=1)
    registry.identify(app.id, Identity("id-1", "green"), long_ago)

    assert registry.get("green").former_names == ()
    with pytest.raises(AppNotFound):
        registry.app_key("blue")


def test_a_taken_name_is_given_up_by_an_app_that_is_found_by_its_id(stores):
    registry, _ = stores
    at = datetime.now(UTC)
    one, two, three = (registry.add(name, URL, NOON) for name in ("one", "two", "six"))
    registry.identify(two.id, Identity("id-2", "two"), at)
    assert not registry.identify(one.id, Identity("id-1", "six"), at)
    assert registry.app_key("six").id == three.id  # it can be found by nothing else
    assert registry.identify(one.id, Identity("id-1", "two"), at)

    assert registry.app_key("two").id == one.id
    unnamed = registry.find(AppKey(two.id, "", 0))
    assert (unnamed.name, unnamed.former_names) == (f"#{two.id}", ("two",))
    assert registry.identify(two.id, Identity("id-2", "one"), at)
    assert registry.find(AppKey(two.id, "", 0)).former_names == ("two",)
    with pytest.raises(AppAlreadyRegistered, match="two"):
        registry.identify(two.id, Identity("id-1", "one"), at)
    with pytest.raises(AppAlreadyRegistered):
        registry.add("new", URL, NOON, platform_id="id-1")


def test_an_order_is_written_with_its_event_and_who_gave_it(registry, journal):
    ann, ben = (
        Mark(Actor("ann", "set-policy", "laptop"), NOON),
        Mark(Actor("ben"), NOON),
    )
    app = registry.add("shop", URL, NOON, events=[event(0, id="a")])
    registry.set_policy("shop", "", {"min": "1"}, mark=ann, events=[event(1, id="b")])
    registry.set_policy("shop", "", {"min": "1", "max": "3"}, mark=ben)
    assert registry.get("shop").set_by == {"": {"min": ann, "max": ben}}
    registry.set_policy("shop", "", {"min": "2"})
    assert registry.get("shop").set_by == {}

    registry.set_address("shop", OTHER_URL, events=[event(2, id="c")])
    registry.set_heroku_key("shop", OWN, events=[event(3, id="d")])
    with pytest.raises(AppChanged):
        registry.set_policy("shop", "", {}, read=app.key, events=[event(4, id="e")])
    registry.remove("shop", events=[event(5, id="f")])

    assert [e.id for e in journal.recent("shop", 9)] == ["f", "d", "c", "b", "a"]


def test_all_apps_are_paused_by_one_row(registry, journal):
    app = registry.add("shop", URL, NOON)
    pause = FleetPause(NOON, NOON + timedelta(hours=1), Actor("ann"), "why", up=False)
    assert registry.orders(app.id) == OrdersNow(1)
    registry.set_fleet_pause(FleetPause(NOON))
    registry.set_fleet_pause(pause, events=[event(1, id="b", app="*")])

    assert registry.fleet_pause() == registry.known_pause() == pause
    assert registry.orders(app.id) == OrdersNow(1, pause)
    assert registry.orders(app.id + 1).revision is None
    assert [e.id for e in journal.recent("*", 9)] == ["b"]
    registry.set_fleet_pause(None)
    assert registry.orders(app.id) == OrdersNow(1)

"""The registry: on the twin, SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from scalar.core.app import AppKey
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppNotFound,
)
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from tests.integration.database.support import (
    ADDRESSES,
    NOON,
    OTHER_URL,
    OWN,
    URL,
    each_address,
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

"""Who is meant: apps that are renamed, swapped, deleted and created again."""

from __future__ import annotations

import pytest

from scalar.adapters.sql.cached_registry import CachedRegistry
from scalar.core.app import AppKey, NewApp
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    AppAlreadyRegistered,
    AppNotFound,
    CountsUnavailable,
    InvalidInput,
    PlatformUnavailable,
    Refused,
    RegistryError,
)
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.reason import Reason
from scalar.ports.platform import Urgency
from scalar.ports.registry import Identity
from scalar.service import queries, registration
from scalar.service.evaluate.identity import IdentifiedPlatform
from scalar.service.evaluate.poll_and_scale import explain, poll_and_scale
from scalar.service.renaming import rename
from tests.unit.deciding import as_readings
from tests.unit.world import World


@pytest.fixture
def world():
    """An app whose id was learned from its formation."""
    world = World()
    world.add("blue", worker=1)
    world.report({"worker": 5}, "blue")
    world.poll("blue")
    return world


def of(world, app_id):
    return world.registry.find(AppKey(app_id, "", 0))


def poll_all(world, seconds=700):
    """Evaluate every app once, long after its formation was read."""
    world.clock.walk(seconds)
    world.tick()


def renames(world, name):
    events = queries.events(world.parts, name, 50)
    return [event.detail for event in events if event.kind is EventKind.RENAMED]


def test_the_id_is_learned_from_the_formation_and_used_from_then_on(world):
    assert of(world, 1).platform_id == "id-of-blue"
    assert world.memory("blue").platform_id == "id-of-blue"


def test_an_app_is_registered_with_its_id():
    world = World()
    world.platform.formations["shop"] = {"worker": ProcessType(1)}
    done = registration.register(
        world.parts, "shop", registration.Wanted(), check=False, has_key=True
    )
    assert done.app.platform_id == ""
    world.registry.remove("shop")
    world.counts.answers["https://shop-0123.herokuapp.com/api/scalar_tasks/"] = {}
    done = registration.register(
        world.parts, "shop", registration.Wanted(), check=True, has_key=True
    )

    assert done.app.platform_id == "id-of-shop"
    assert done.app.web_url == "https://shop-0123.herokuapp.com/"


def test_a_rename_is_followed(world):
    world.registry.set_policy("blue", "worker", {"max": "3"})
    world.platform.rename("blue", "green")
    world.report({"worker": 99}, "blue")
    world.poll("blue")
    app = of(world, 1)

    assert app.name == "green"
    assert world.dynos("green") == {"worker": 3}
    assert app.policies == {"worker": {"max": "3"}}
    assert [call[1] for call in world.platform.calls] == ["blue", "green"]
    assert {event.app for event in world.journal.events} == {"green"}
    (told,) = renames(world, "green")
    assert told == "was blue; its counts are still read at https://blue.example/counts"
    assert renames(world, "blue") == [told]


def test_commands_take_the_old_name_until_another_app_has_it(world):
    world.platform.rename("blue", "green")
    poll_all(world)
    assert world.registry.app_key("blue").id == 1
    world.registry.set_policy("blue", "", {"max": "9"})
    assert world.registry.get("green").policies == {"": {"max": "9"}}
    world.add("blue", worker=1)

    assert world.registry.app_key("blue").id == 2
    assert world.registry.app_key("green").id == 1


def two_apps():
    world = World()
    for name in ("blue", "green"):
        world.add(name, worker=1)
        world.report({"worker": 5}, name)
    poll_all(world)
    return world


def test_apps_that_swap_their_names_are_not_taken_for_each_other():
    """Each is scaled by its own counts, and its events stay its own."""
    world = two_apps()
    world.report({"worker": 25}, "blue")
    poll_all(world)
    world.platform.swap("blue", "green")
    world.report({"worker": 99}, "blue")  # the app that is called green now
    poll_all(world)
    poll_all(world, seconds=10)

    assert world.dynos("green") == {"worker": 10}
    assert world.dynos("blue") == {"worker": 1}
    assert (of(world, 1).name, of(world, 2).name) == ("green", "blue")
    events = queries.events(world.parts, "green", 50)
    scaled = [e.to_quantity for e in events if e.kind is EventKind.SCALED]
    assert scaled == [10, 3]
    assert {e.kind for e in queries.events(world.parts, "blue", 50)} == {
        EventKind.RENAMED
    }
    assert "was green" in renames(world, "blue")[0]


def test_a_worker_whose_cached_row_has_the_old_name_scales_the_same_app():
    world = two_apps()
    stale = [of(world, 1), of(world, 2)]
    world.platform.swap("blue", "green")
    poll_all(world)
    poll_all(world, seconds=10)

    class Stale:
        page = world.registry.page
        orders = world.registry.orders
        known_pause = world.registry.known_pause

        @staticmethod
        def find(key):
            row = stale[key.id - 1]
            return row if key.revision <= row.revision else world.registry.find(key)

    world.report({"worker": 99}, "blue")
    parts = world.parts
    object.__setattr__(parts, "apps", Stale)
    world.coordinator.reserve([1], "token", 5)
    poll_and_scale(parts, AppKey(1, "blue", 1), "token")

    assert world.dynos("green") == {"worker": 10}
    assert world.dynos("blue") == {"worker": 1}
    assert of(world, 1).name == "green"
    newest = world.journal.recent("green", 1)[0]
    assert (newest.kind, newest.to_quantity) == (EventKind.SCALED, 10)


def test_a_name_that_a_row_without_an_id_has_is_not_taken():
    """That row can be found by nothing but its name; it is held, the other goes on."""
    world = World()
    for name in ("blue", "green"):
        world.add(name, worker=1)
        world.report({"worker": 25}, name)
    world.poll("blue")
    world.platform.rename("green", "away")
    world.platform.rename("blue", "green")
    world.clock.walk(700)
    held = world.poll("green")
    assert held.hold.reason is Reason.ANOTHER_APP
    assert "blue" in held.hold.detail
    world.report({"worker": 45}, "blue")
    world.poll("blue")

    assert world.dynos("green") == {"worker": 5}
    assert of(world, 1).name == "blue"
    assert world.dynos("away") == {"worker": 1}


def test_a_name_that_answers_with_another_id_holds_the_app(world):
    """The id is remembered, though the database did not take it."""
    row = of(world, 1)
    world.registry.put(type(row)(1, "blue", row.address, 9, row.created_at))
    world.platform.recreate("blue")
    world.report({"worker": 99}, "blue")
    held = world.poll("blue", seconds=700)

    assert held.hold.reason is Reason.APP_RECREATED
    assert world.dynos("blue") == {"worker": 1}


def test_no_answer_of_another_app_is_believed(world):
    """Whatever is asked; a compatible server may find apps by something else."""
    world.add("red", worker=4)
    memory = world.memory("blue")
    meant = IdentifiedPlatform(
        world.parts,
        of(world, 1),
        memory,
        lambda _: world.platform.unmetered(NewApp("red")),
        follows=True,
    )
    for call in (
        lambda: meant.formation(Urgency.READ),
        lambda: meant.scale({"worker": 4}, Urgency.SCALE_UP),
        lambda: meant.describe(Urgency.READ),
    ):
        with pytest.raises(Refused) as refusal:
            call()
        assert refusal.value.reason is Reason.ANOTHER_APP

    assert of(world, 1).name == "blue"


def test_an_app_that_was_created_again_is_held_until_it_is_accepted(world):
    world.registry.set_policy("blue", "", {"max": "7"})
    world.platform.recreate("blue")
    world.report({"worker": 99}, "blue")
    held = world.poll("blue")
    assert held.hold.reason is Reason.APP_RECREATED
    assert "rename-app blue blue" in held.hold.detail
    assert explain(world.parts, of(world, 1)).hold.reason is Reason.APP_RECREATED
    assert world.dynos("blue") == {"worker": 1}

    rename(world.parts, "blue", "blue")
    world.poll("blue")
    assert world.dynos("blue") == {"worker": 7}
    assert "another app of Heroku" in renames(world, "blue")[0]


def test_an_app_that_is_gone_while_a_registered_one_has_its_name():
    world = two_apps()
    del world.platform.formations["blue"]
    world.platform.rename("green", "blue")
    world.report({"worker": 99}, "blue")
    held = world.poll("blue")

    assert held.hold.reason is Reason.ANOTHER_APP
    assert world.dynos("blue") == {"worker": 1}


def test_nothing_is_believed_of_a_memory_of_another_app(world):
    world.platform.recreate("blue")
    world.platform.formations["blue"] = {"worker": ProcessType(8)}
    rename(world.parts, "blue", "blue")
    world.report({"worker": 45}, "blue")
    world.poll("blue")

    (change,) = world.journal.recent("blue", 1, EventKind.SCALED)
    assert (change.from_quantity, change.to_quantity) == (8, 5)


def own_address(world, name="blue"):
    """Register the app at its own address on Heroku."""
    url = f"https://any:secret@{name}-0123456789ab.herokuapp.com/counts?x=1"
    world.registry.set_address(name, CountsAddress.parse(url))
    world.platform.web_urls[name] = f"https://{name}-0123456789ab.herokuapp.com/"
    world.platform.web_urls["green"] = "https://green-ba9876543210.herokuapp.com/"
    world.counts.answers[f"https://{name}-0123456789ab.herokuapp.com/counts?x=1"] = (
        as_readings({"worker": 99})
    )
    world.counts.answers["https://green-ba9876543210.herokuapp.com/counts?x=1"] = (
        as_readings({"worker": 25})
    )


def test_its_own_address_is_derived_anew_and_its_password_stays(world):
    """The counts that were read at the old address are not used: whose are they?"""
    own_address(world)
    world.platform.rename("blue", "green")
    held = world.poll("blue", seconds=700)
    assert held.hold.reason is Reason.RENAMED
    world.poll("blue")

    assert world.dynos("green") == {"worker": 3}
    address = of(world, 1).address
    assert address.url.reveal() == (
        "https://any:secret@green-ba9876543210.herokuapp.com/counts?x=1"
    )
    assert "are read at https://***@green-ba9876543210" in renames(world, "blue")[0]


def test_an_own_address_that_does_not_answer_any_more_is_looked_up(world):
    """Heroku gives up the old address at once, so no count leads to a read."""
    own_address(world)
    world.platform.rename("blue", "green")
    old = "https://blue-0123456789ab.herokuapp.com/counts?x=1"
    world.counts.answers[old] = CountsUnavailable("404 Not Found")
    calls = len(world.platform.calls)
    for _ in range(3):
        world.poll("blue")
    assert len(world.platform.calls) == calls + 1
    world.poll("blue")

    assert of(world, 1).name == "green"
    assert world.dynos("green") == {"worker": 3}


def test_a_dead_app_costs_ever_fewer_calls(world):
    own_address(world)
    old = "https://blue-0123456789ab.herokuapp.com/counts?x=1"
    world.counts.answers[old] = CountsUnavailable("it is down")
    calls = len(world.platform.calls)
    for _ in range(300):
        world.poll("blue")

    assert len(world.platform.calls) == calls + 8  # 3 6 12 24 48 96 192 288


def test_the_old_name_stays_while_the_new_address_cannot_be_asked(world):
    own_address(world)
    world.platform.rename("blue", "green")
    world.platform.failures = [PlatformUnavailable("503")]
    world.poll("blue", seconds=700)
    assert of(world, 1).name == "blue"
    world.poll("blue", seconds=700)
    assert of(world, 1).name == "green"


def test_a_rename_waits_for_the_database(world):
    world.platform.rename("blue", "green")

    def away(*_):
        raise RegistryError("away")

    world.registry.identify = away
    world.report({"worker": 25}, "blue")
    world.poll("blue", seconds=700)
    del world.registry.identify

    assert world.dynos("green") == {"worker": 3}
    assert of(world, 1).name == "blue"
    world.poll("blue", seconds=700)
    assert of(world, 1).name == "green"


def test_a_message_never_acts_for_an_app_that_was_registered_again(world):
    """The worker's cache still has the row of the message."""
    cached = CachedRegistry(world.registry)
    key = world.registry.app_key("blue")
    cached.find(key)
    world.coordinator.reserve([key.id], "token", 5)
    registration.remove(world.parts, "blue")
    world.add("blue", worker=1)
    world.report({"worker": 99}, "blue")
    parts = world.parts
    object.__setattr__(parts, "apps", cached)

    assert poll_and_scale(parts, key, "token") is None
    assert world.dynos("blue") == {"worker": 1}


def test_an_evaluation_under_way_makes_no_change_after_del_app(world):
    key = world.registry.app_key("blue")
    world.report({"worker": 99}, "blue")
    read = world.counts.read

    def removed_meanwhile(*args):
        registration.remove(world.parts, "blue")
        return read(*args)

    world.counts.read = removed_meanwhile
    world.coordinator.reserve([key.id], "token", 5)
    parts = world.parts
    cached = CachedRegistry(world.registry)
    cached.find(key)
    object.__setattr__(parts, "apps", cached)
    done = poll_and_scale(parts, key, "token")

    assert done is None
    assert world.dynos("blue") == {"worker": 1}


def test_a_message_with_a_name_that_the_app_never_had_is_refused(world):
    """As after another database took the place of the one that the message is from."""
    world.coordinator.reserve([1], "token", 5)

    assert poll_and_scale(world.parts, AppKey(1, "shop", 1), "token") is None


def test_rename_app_follows_at_once(world):
    world.registry.set_policy("blue", "", {"pause_down": "resumed"})
    world.platform.rename("blue", "green")
    done = rename(world.parts, "blue", "green")

    assert (done.app.id, done.app.name) == (1, "green")
    assert done.app.policies == {"": {"pause_down": "resumed"}}
    assert "move-app green" in done.notes[0]
    assert renames(world, "green")


@pytest.mark.parametrize(
    ("change", "arguments", "error", "message"),
    [
        (str, ("red", "blue"), AppNotFound, "red"),
        (str, ("blue", "red"), InvalidInput, "has no app"),
        (str, ("blue", "Bad Name"), InvalidInput, "must have"),
        (str, ("blue", "green"), InvalidInput, 'as "green"'),
        (
            lambda p: p.rename("green", "red"),
            ("blue", "red"),
            InvalidInput,
            'registered already, as "green"',
        ),
        (
            lambda p: p.formations.update(red={"worker": ProcessType(1)}),
            ("blue", "red"),
            InvalidInput,
            'Heroku calls "blue"',
        ),
    ],
)
def test_rename_app_refuses_another_app(change, arguments, error, message):
    world = two_apps()
    change(world.platform)

    with pytest.raises(error, match=message):
        rename(world.parts, *arguments)
    assert (of(world, 1).name, of(world, 2).name) == ("blue", "green")


def test_rename_app_accepts_another_app_in_place_of_one_that_is_gone(world):
    del world.platform.formations["blue"]
    world.platform.formations["red"] = {"worker": ProcessType(1)}
    rename(world.parts, "blue", "red")

    assert (of(world, 1).name, of(world, 1).platform_id) == ("red", "id-of-red")


def test_add_app_says_that_an_app_is_registered_with_another_name(world):
    world.platform.rename("blue", "green")

    with pytest.raises(InvalidInput, match=r'as "blue".*rename-app blue green'):
        registration.register(
            world.parts, "green", registration.Wanted(), check=True, has_key=True
        )


def test_one_id_is_registered_once():
    world = two_apps()

    with pytest.raises(AppAlreadyRegistered, match="green"):
        world.registry.identify(1, Identity("id-of-green", "blue"), world.clock.now())
    with pytest.raises(AppAlreadyRegistered):
        world.registry.add(
            "red", of(world, 1).address, world.clock.now(), platform_id="id-of-blue"
        )

"""Two commands change one app at the same time: neither undoes the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier

import pytest

from scalar.adapters.sql.registry import SqlRegistry
from scalar.adapters.sql.secret_cipher import SecretCipher
from scalar.core.app import AppEntry
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import AppChanged
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.service import credentials, fleet, policies, registration
from scalar.service.parts import Parts
from scalar.service.registration import Wanted
from tests.integration.database.support import NOON, OWN, URL, engine_for
from tests.unit.world import World

MOVED = CountsAddress.parse("https://new.example/counts")
PAUSED = {"pause_down": "resumed"}
CIPHER = SecretCipher(Secret(""))


class Interrupted(SqlRegistry):
    """A registry with a connection of its own; once, after a read, others act.

    Attributes:
        meanwhile: What they do.
    """

    meanwhile: Callable[[], object] | None = None

    def get(self, name: str):
        app = super().get(name)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return app


@pytest.fixture
def registries(ready_database_url):
    """Two registries on one database, each with connections of its own."""
    engines = [engine_for(ready_database_url) for _ in range(2)]
    first, second = Interrupted(engines[0], CIPHER), SqlRegistry(engines[1], CIPHER)
    first.add("shop", URL, NOON)
    yield first, second
    for engine in engines:
        engine.dispose()


@pytest.fixture
def parts(registries) -> Parts:
    return parts_on(registries[0])


@pytest.fixture
def other(registries) -> Parts:
    return parts_on(registries[1])


def parts_on(registry: SqlRegistry) -> Parts:
    return replace(World().parts, registry=registry, apps=registry, secrets=registry)


def pause(parts: Parts) -> object:
    return policies.pause(parts, "shop", WHOLE_APP, None, up=False, down=True)


def test_a_row_that_was_changed_after_it_was_read_is_not_written(registries):
    first, second = registries
    read = first.get("shop").key
    second.set_policy("shop", "", PAUSED, read=read)

    with pytest.raises(AppChanged, match="Run this command again"):
        first.set_policy("shop", "", {"max": "5"}, read=read)
    with pytest.raises(AppChanged, match="shop"):
        first.set_address("shop", MOVED, read=read)
    with pytest.raises(AppChanged, match="shop"):
        first.set_heroku_key("shop", OWN, read=read)
    app = second.get("shop")
    assert (app.policies, app.revision) == ({"": PAUSED}, 2)
    assert (app.address, app.heroku_key) == (URL, SHARED_KEY)

    first.set_policy("shop", "", {"max": "5"}, read=read.changed_once)
    assert second.get("shop").policies == {"": {"max": "5"}}


def test_an_app_that_was_registered_anew_is_another_one(registries):
    """Both rows have revision 1."""
    first, second = registries
    read = first.get("shop").key
    second.remove("shop")
    second.add("shop", MOVED, NOON)

    with pytest.raises(AppChanged, match="shop"):
        first.set_policy("shop", "", {"max": "5"}, read=read)
    assert second.get("shop").policies == {}


def test_the_revision_is_that_of_now(registries):
    first, second = registries
    app_id = first.get("shop").id
    second.set_policy("shop", "", PAUSED)
    assert first.orders(app_id).revision == 2

    second.remove("shop")
    assert first.orders(app_id).revision is None


@pytest.mark.parametrize(
    ("command", "before", "values"),
    [
        pytest.param(
            partial(policies.set_policy, values={"min": "1"}),
            {"max": "5"},
            {"max": "5", "min": "1", **PAUSED},
            id="set-policy",
        ),
        pytest.param(
            partial(policies.unset_policy, names=["max"]),
            {"max": "5", "min": "1"},
            {"min": "1", **PAUSED},
            id="unset-policy",
        ),
        pytest.param(
            partial(policies.unset_policy, names=None),
            {"max": "5"},
            PAUSED,
            id="unset-policy --all",
        ),
        pytest.param(
            partial(policies.pause, until=None, up=True, down=False),
            {"max": "5"},
            {"max": "5", "pause_up": "resumed", **PAUSED},
            id="pause-app",
        ),
        pytest.param(
            partial(policies.resume, up=True, down=False),
            {"max": "5", "pause_up": "resumed"},
            {"max": "5", **PAUSED},
            id="resume-app",
        ),
    ],
)
def test_a_pause_beside_a_change_of_the_policy_stays(
    registries, command, before, values
):
    registries[1].set_policy("shop", "", before)
    registries[0].meanwhile = lambda: pause(parts_on(registries[1]))
    command(parts_on(registries[0]), "shop", WHOLE_APP)

    assert registries[1].get("shop").policies == {"": values}


def test_apply_beside_a_pause_leaves_the_pause(registries, parts, other):
    entry = AppEntry("shop", URL.shown(), {"": {"max": "8"}})
    wanted = fleet.plan(parts, [entry], prune=False)
    pause(other)

    with pytest.raises(AppChanged, match="shop"):
        fleet.carry_out(parts, wanted)
    assert registries[1].get("shop").policies == {"": PAUSED}

    fleet.carry_out(parts, fleet.plan(parts, [entry], prune=False))
    assert registries[1].get("shop").policies == {"": {"max": "8", **PAUSED}}


def test_apply_changes_all_of_an_app(registries, parts):
    """Each of its writes rests on the one before."""
    entry = AppEntry(
        "shop",
        MOVED.shown(),
        {"": {"max": "8"}, "worker": {"min": "1"}},
        heroku_key=OWN,
    )
    fleet.carry_out(parts, fleet.plan(parts, [entry], prune=False))
    app = registries[1].get("shop")

    assert (app.address, app.heroku_key) == (MOVED, OWN)
    assert app.policies == {"": {"max": "8"}, "worker": {"min": "1"}}


class TestWhatTakesLongWithAnAddressOrAKey:
    """They ask Heroku and the app before they write."""

    @staticmethod
    def move(parts):
        url = Wanted(MOVED.shown())
        registration.move(parts, "shop", url, check=False, has_key=False)

    @staticmethod
    def set_key(parts):
        credentials.set_heroku_key(parts, "shop", OWN, check=False)

    @staticmethod
    def unset_key(parts):
        credentials.unset_heroku_key(parts, "shop")

    def test_a_pause_meanwhile_is_no_reason_against_it(self, registries, parts, other):
        registries[0].meanwhile = lambda: pause(other)
        self.move(parts)
        registries[0].meanwhile = lambda: pause(other)
        self.set_key(parts)
        app = registries[1].get("shop")

        assert (app.address, app.heroku_key) == (MOVED, OWN)
        assert app.policies == {"": PAUSED}

    def test_another_move_meanwhile_is_not_undone(self, registries, parts):
        elsewhere = replace(MOVED, token=Secret("other"))
        registries[0].meanwhile = lambda: registries[1].set_address("shop", elsewhere)

        with pytest.raises(AppChanged, match="shop"):
            self.move(parts)
        assert registries[1].get("shop").address == elsewhere

    @pytest.mark.parametrize("key", [OWN, SHARED_KEY])
    def test_another_key_meanwhile_is_not_undone(self, registries, parts, key):
        newer = Secret("HRKU-newer")
        registries[0].meanwhile = lambda: registries[1].set_heroku_key("shop", newer)

        command = self.set_key if key else self.unset_key
        with pytest.raises(AppChanged, match="shop"):
            command(parts)
        assert registries[1].get("shop").heroku_key == newer


def test_of_two_commands_at_once_no_value_is_lost(registries):
    """Each one loses a race at most as often as the other one writes."""
    barrier = Barrier(2)
    names = (
        ("min", "max", "wake", "fallback"),
        ("max_step_up", "max_step_down", "boundary", "fallback_after"),
    )

    def set_all(registry, names):
        parts = parts_on(registry)
        barrier.wait()
        for name in names:
            policies.set_policy(parts, "shop", WHOLE_APP, {name: "3"})

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(set_all, registries, names))

    stored = registries[0].get("shop").policies[""]
    assert stored == dict.fromkeys((*names[0], *names[1]), "3")

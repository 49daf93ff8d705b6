"""`pause-app --all`: one order, heard before every change, shown first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scalar.adapters.sql.cached_registry import PAUSE_READ_EVERY, CachedRegistry
from scalar.adapters.sql.marks import dump_pause, load_pause
from scalar.core.actor import Actor
from scalar.core.errors import RegistryError
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.reading import Reading
from scalar.service.evaluate.poll_and_scale import poll_and_scale
from tests.unit.world import World

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAUSED = "All apps are paused until they are resumed by ann: Redis is on fire\n"


@pytest.fixture
def fleet(shop_cli):
    shop_cli.world.add("blog", worker=5)
    shop_cli.world.report({"worker": 0}, "blog")
    return shop_cli


def poll_all(cli):
    return [cli.world.poll("shop"), cli.world.poll("blog")]


def dynos(cli):
    return cli.world.dynos()["worker"], cli.world.dynos("blog")["worker"]


def test_no_app_is_scaled_until_all_are_resumed(fleet):
    said = fleet("pause-app", "--all", "--reason", "Redis is on fire").stdout
    assert said == PAUSED
    poll_all(fleet)
    assert dynos(fleet) == (1, 5)

    assert "Resumed all apps" in fleet("resume-app", "--all").stdout
    poll_all(fleet)
    assert dynos(fleet) == (3, 0)


def test_one_direction_may_go_on(fleet):
    fleet("pause-app", "--all", "--down")
    poll_all(fleet)
    assert dynos(fleet) == (3, 5)

    fleet("pause-app", "--all")
    fleet("resume-app", "--all", "--down")
    fleet.world.report({"worker": 99})
    poll_all(fleet)
    assert dynos(fleet) == (3, 0)


def test_it_ends_by_itself(fleet):
    fleet("pause-app", "--all", "--for", "1h")
    poll_all(fleet)
    assert dynos(fleet) == (1, 5)
    fleet.world.clock.walk(3600)
    poll_all(fleet)

    assert dynos(fleet) == (3, 0)
    assert "paused" not in str(fleet("status", status=1))


def test_it_is_shown_first(fleet):
    fleet("pause-app", "--all", "--for", "2h", "--reason", "Redis is on fire")

    first = fleet("status", status=1).stdout.splitlines()[0]
    assert first.split(None, 2)[:2] == ["ok", "paused"]
    assert "until 2026-01-01 14:00 UTC by ann: Redis is on fire" in first
    assert fleet.data("status", status=1)[0]["what"] == "paused"
    for command in (("list-apps",), ("show-app", "shop")):
        assert "Note: all apps are paused until" in fleet(*command).stderr
    why = "all apps are paused until 2026-01-01 14:00 UTC by ann: Redis is on fire"
    assert f"  paused                    1   {why}\n" in str(fleet("check-app", "shop"))


def test_its_order_and_its_end_are_events_of_every_app(fleet):
    fleet("pause-app", "--all", "--reason", "Redis is on fire")
    fleet("resume-app", "--all")

    events = fleet.data("events", "shop")
    assert [(e["app"], e["kind"]) for e in events] == [
        ("*", "unpaused"),
        ("*", "paused"),
    ]
    assert events[1]["facts"]["by"]["user"] == "ann"
    assert "Redis is on fire" in events[1]["facts"]["after"]["pause"]
    assert "(all)" in fleet("events").stdout


def test_pauses_of_single_apps_stay(fleet):
    fleet("pause-app", "shop")
    fleet("pause-app", "--all")
    fleet("resume-app", "--all")
    poll_all(fleet)

    assert dynos(fleet) == (1, 0)


def test_resuming_what_is_not_paused_says_so(fleet):
    assert "were not paused with --all" in fleet("resume-app", "--all").stderr


@pytest.mark.parametrize("command", ["pause-app", "resume-app"])
@pytest.mark.parametrize("arguments", [(), ("shop", "--all")], ids=["neither", "both"])
def test_it_takes_one_app_or_all(fleet, command, arguments):
    assert "Name one app, or use --all" in fleet(command, *arguments, status=2).stderr


def test_a_reason_goes_with_all(fleet):
    assert "--reason goes with --all" in str(
        fleet("pause-app", "shop", "--reason", "x", status=2)
    )


# workers


class Worker:
    """A worker with its cache, and a clock for that."""

    def __init__(self, world):
        self.world, self.seconds = world, 0.0
        self.apps = CachedRegistry(world.registry, lambda: self.seconds)
        self.parts = replace(world.parts, apps=self.apps)

    def evaluate(self):
        self.world.clock.walk(10)
        self.seconds += 10
        key = self.world.registry.app_key("shop")
        self.world.coordinator.reserve([key.id], "token", 60)
        return poll_and_scale(self.parts, key, "token")


@pytest.fixture
def world():
    world = World()
    world.add(worker=5)
    world.report({"worker": 50})
    return world


@pytest.fixture
def worker(world):
    worker = Worker(world)
    worker.evaluate()
    return worker


def test_a_pause_is_heard_by_an_evaluation_that_began_before_it(world, worker):
    world.report({"worker": 0})
    read = world.counts.read

    def then_pause(*arguments):
        world.registry.set_fleet_pause(FleetPause(NOON))
        return read(*arguments)

    world.counts.read = then_pause
    done = worker.evaluate()

    assert world.dynos() == {"worker": 5}
    assert [d.cause.detail for d in done.decisions] == [
        "all apps are paused until they are resumed"
    ]
    assert world.memory().holds == {}


def test_no_dyno_is_quiesced_under_a_pause(world, worker):
    world.report({"worker": Reading(0, busy=frozenset())})
    world.registry.set_fleet_pause(FleetPause(NOON))
    kept = []
    read = world.counts.read

    def spy(address, keep):
        kept.append(dict(keep))
        return read(address, keep)

    world.counts.read = spy
    worker.evaluate()
    assert kept == [{}]


def test_a_known_pause_costs_no_call_of_heroku_and_few_queries(world, worker):
    world.registry.set_fleet_pause(FleetPause(NOON))
    world.report({"worker": 0})
    worker.evaluate()
    before = len(world.platform.calls)
    asked = []
    pause = world.registry.known_pause
    world.registry.known_pause = lambda: asked.append(1) or pause()
    for _ in range(20):
        worker.apps.known_pause()
    assert asked == []
    for _ in range(6):
        worker.evaluate()

    assert len(world.platform.calls) == before
    assert len(asked) == 6  # each period is longer than `PAUSE_READ_EVERY`


def test_a_worker_hears_that_the_pause_has_ended(world, worker):
    world.registry.set_fleet_pause(FleetPause(NOON))
    world.report({"worker": 0})
    worker.evaluate()
    world.registry.set_fleet_pause(None)
    worker.evaluate()

    assert world.dynos() == {"worker": 0}


def test_a_pause_holds_on_while_the_database_is_away(world, worker):
    world.registry.set_fleet_pause(FleetPause(NOON))
    world.report({"worker": 90})
    worker.evaluate()

    def away(*_):
        raise RegistryError("away")

    world.registry.known_pause = world.registry.orders = away
    worker.evaluate()
    assert world.dynos() == {"worker": 5}
    assert worker.seconds > PAUSE_READ_EVERY


def test_a_pause_is_stored_whole_and_one_that_cannot_be_read_pauses():
    pause = FleetPause(
        NOON, NOON + timedelta(hours=1), Actor("ann", "pause-app", "x"), "why", up=False
    )
    assert load_pause(dump_pause(pause)) == pause
    assert load_pause(dump_pause(FleetPause(NOON))) == FleetPause(NOON)
    assert load_pause(None) is None
    assert "unreadable" in str(load_pause("{"))

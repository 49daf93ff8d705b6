"""The checks of life, and the dead man's switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.core.errors import CountsUnavailable, PlatformUnavailable, RegistryError
from scalar.core.health import LONGEST_STUCK, Heartbeats, judge_health
from scalar.service.health import check_health, send_heartbeat
from tests.support.leases import begin
from tests.unit.world import World

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def unwell(heartbeats, *, has_apps=True):
    """Return what is not well at noon, with a period of 10 s."""
    found = judge_health(heartbeats, period=10, backoff=60, has_apps=has_apps)
    return [check.what for check in found if not check.is_well]


def at_noon(ticked=1.0, evaluated=1.0, oldest=None, **waiting):
    """Return heartbeats with these ages in seconds."""

    def ago(age):
        return None if age is None else NOON - timedelta(seconds=age)

    return Heartbeats(
        NOON, ago(ticked), ago(evaluated), oldest_poll_at=ago(oldest), **waiting
    )


@pytest.mark.parametrize(
    ("heartbeats", "wrong"),
    [
        pytest.param(at_noon(), [], id="all is well"),
        pytest.param(at_noon(ticked=30), [], id="three periods"),
        pytest.param(at_noon(ticked=30.1), ["ticks"], id="more than three"),
        pytest.param(at_noon(ticked=None), ["ticks"], id="never a tick"),
        pytest.param(at_noon(evaluated=90), [], id="all apps may rest for a minute"),
        pytest.param(at_noon(evaluated=90.1), ["evaluations"], id="workers stopped"),
        pytest.param(at_noon(evaluated=None), ["evaluations"], id="none yet"),
        pytest.param(at_noon(oldest=120), [], id="an app may rest, and answer slowly"),
        pytest.param(at_noon(oldest=120.1), ["polls"], id="but must be polled"),
        pytest.param(
            at_noon(stuck=3, stuck_since=NOON - timedelta(seconds=LONGEST_STUCK)),
            [],
            id="a change may wait for some minutes",
        ),
        pytest.param(
            at_noon(stuck=3, stuck_since=NOON - timedelta(seconds=LONGEST_STUCK + 1)),
            ["changes"],
            id="but not for longer",
        ),
    ],
)
def test_what_is_not_well(heartbeats, wrong):
    assert unwell(heartbeats) == wrong


def test_without_apps_only_the_ticks_count():
    assert unwell(at_noon(evaluated=None), has_apps=False) == []


class Switch:
    """A pinger that counts."""

    def __init__(self):
        self.calls = 0

    def ping(self):
        self.calls += 1
        return True


@pytest.fixture
def world():
    world = World()
    world.add(worker=1)
    world.report({"worker": 4})
    return world


def live(world, seconds, switch, *, evaluates=True):
    """Let time go by: a tick every 10 s, its evaluations, a health check."""
    for _ in range(seconds // 10):
        world.clock.walk(10)
        world.tick(evaluates=evaluates)
        send_heartbeat(world.parts, switch)


def test_the_switch_is_called_once_a_minute(world):
    switch = Switch()
    live(world, 600, switch)

    assert switch.calls == 10


def test_it_is_not_called_when_evaluations_stop(world):
    switch = Switch()
    live(world, 60, switch)
    live(world, 100, switch, evaluates=False)
    before = switch.calls
    live(world, 600, switch, evaluates=False)

    assert switch.calls == before


def test_it_is_not_called_while_heroku_takes_no_change(world):
    switch = Switch()
    live(world, 60, switch)
    world.report({"worker": 40})
    world.platform.failures = [PlatformUnavailable("503")] * 1000
    live(world, LONGEST_STUCK + 20, switch)
    before = switch.calls
    live(world, 600, switch)

    assert switch.calls == before
    assert [s.what for s in check_health(world.parts) if not s.is_well] == ["changes"]

    world.platform.failures = []
    live(world, 120, switch)

    assert switch.calls > before
    assert world.dynos()["worker"] == 4


def test_it_is_not_called_while_one_app_of_many_is_not_polled(world):
    switch = Switch()
    world.add("blog", worker=1)
    world.report({"worker": 4}, "blog")
    live(world, 60, switch)
    blog = world.registry.app_key("blog").id
    begin(world.coordinator, blog, "a worker that stands still")
    live(world, 130, switch)
    before = switch.calls
    live(world, 600, switch)

    assert switch.calls == before
    assert [s.what for s in check_health(world.parts) if not s.is_well] == ["polls"]


def test_an_app_that_was_never_polled_counts_from_the_tick_that_saw_it(world):
    live(world, 140, Switch(), evaluates=False)

    assert "polls" in [s.what for s in check_health(world.parts) if not s.is_well]


def test_an_app_that_does_not_answer_is_its_own_trouble(world):
    """Nothing is known that could be carried out; list-apps shows the app."""
    switch = Switch()
    world.report(CountsUnavailable("HTTP 500"))
    live(world, 3600, switch)

    assert switch.calls == 60


def test_a_database_that_is_away_is_not_well(world):
    switch = Switch()
    live(world, 60, switch)

    def away(_after, _limit):
        raise RegistryError("away")

    world.registry.page = away
    world.clock.walk(60)

    assert not send_heartbeat(world.parts, switch)
    assert switch.calls == 1

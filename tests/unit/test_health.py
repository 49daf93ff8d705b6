"""The checks of life, and the dead man's switch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.core.counts_address import CountsAddress
from scalar.core.errors import (
    CountsUnavailable,
    PlatformUnavailable,
    Refused,
    RegistryError,
)
from scalar.core.health import (
    LONGEST_STUCK,
    Heartbeats,
    HeldApp,
    Limits,
    judge_health,
)
from scalar.core.reading import Unknown
from scalar.core.reason import Reason
from scalar.ports.registry import Identity
from scalar.service.health import check_health, send_heartbeat
from tests.support.leases import begin
from tests.unit.world import World

OWN = "https://shop-0123.herokuapp.com/"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def unwell(heartbeats, *, has_apps=True):
    """Return what is not well at noon, with a period of 10 s."""
    found = judge_health(heartbeats, Limits(10, 60), has_apps=has_apps)
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
            at_noon(
                stuck=3, stuck_since=NOON - timedelta(seconds=LONGEST_STUCK), known=3
            ),
            [],
            id="a change may wait for some minutes",
        ),
        pytest.param(
            at_noon(
                *(1.0, 1.0),
                stuck=3,
                stuck_long=3,
                known=3,
                stuck_since=NOON - timedelta(seconds=LONGEST_STUCK + 1),
            ),
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
    red = [s.what for s in check_health(world.parts) if not s.is_well]
    assert red == ["changes", "held"]

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


@pytest.mark.parametrize(
    ("known", "held", "is_well"),
    [
        (1, 1, False),
        (2, 1, True),
        (4, 3, True),
        (4, 4, False),
        (5, 1, True),
        (5, 2, False),
        (100, 25, True),
        (100, 26, False),
        (100, 0, True),
    ],
)
def test_a_share_of_the_apps_may_be_held_and_of_few_all_but_one(known, held, is_well):
    since = NOON - timedelta(hours=3)
    apps = tuple(HeldApp(i, since, "forbidden") for i in range(1, held + 1))
    counts = {"known": known, "held": held, "held_long": held, "held_apps": apps}

    assert (unwell(at_noon(**counts)) == []) is is_well


def fleet(*names):
    """Return a world of apps that answer."""
    world = World()
    for name in names:
        world.add(name, worker=1)
        world.report({"worker": 4}, name)
    return world


def check(world, what):
    (found,) = (check for check in check_health(world.parts) if check.what == what)
    return found


def test_an_app_that_does_not_answer_is_named_and_silences_nothing():
    switch, world = Switch(), fleet("shop", "blog")
    world.report(CountsUnavailable("HTTP 500"), "blog")
    live(world, 3600, switch)

    assert switch.calls == 60
    assert check(world, "held").text == (
        "1 of 2 apps, the first for 59 min: 1 counts_unavailable (blog); see list-apps"
    )


def test_an_app_that_heroku_does_not_know_is_named_and_silences_nothing():
    switch, world = Switch(), fleet("shop", "blog")
    world.report({"worker": 40}, "blog")
    del world.platform.formations["blog"]
    live(world, 3600, switch)

    assert switch.calls == 60
    assert "(blog)" in check(world, "held").text


def test_an_app_that_heroku_refuses_is_named_and_silences_nothing():
    switch, world = Switch(), fleet("shop")
    world.add("blog", mailer=1)
    world.report({"mailer": 40}, "blog")
    world.platform.refused = {"mailer": "not with this plan"}
    live(world, 3600, switch)

    assert switch.calls == 60
    assert "1 app waits for Heroku (blog), the first for 59 min" in (
        check(world, "changes").text
    )


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(CountsUnavailable("HTTP 500"), id="no app answers"),
        pytest.param({"worker": Unknown(Reason.COUNT_NULL)}, id="none knows its count"),
        pytest.param(KeyError("a fault of ours"), id="every evaluation fails"),
    ],
)
def test_a_fleet_that_cannot_be_decided_on_is_not_well(answer):
    switch, world = Switch(), fleet("shop", "blog")
    live(world, 60, switch)
    for name in ("shop", "blog"):
        world.report(answer, name)
    live(world, 600, switch)
    before = switch.calls
    live(world, 600, switch)

    assert switch.calls == before
    assert not check(world, "evaluations").is_well
    assert (
        "polls end, but none can be decided on: 2 " in check(world, "evaluations").text
    )
    assert not check(world, "held").is_well


def test_half_a_fleet_that_is_held_is_not_well_until_it_is_decided_on():
    switch, names = Switch(), [f"app-{number}" for number in range(6)]
    world = fleet(*names)
    for name in names[:3]:
        world.report(CountsUnavailable("HTTP 500"), name)
    live(world, 600, switch)

    held = check(world, "held")
    assert not held.is_well
    assert held.text.startswith("3 of 6 apps, the first for ")
    assert "3 counts_unavailable (app-0, app-1, app-2)" in held.text
    assert "More than HELD_APPS_MOST (25%)" in held.text
    before = switch.calls
    for name in names:
        world.report({"worker": 4}, name)
    live(world, 120, switch)

    assert switch.calls > before
    assert check(world, "held").text == "no app is held"


def test_a_secret_key_that_is_lost_is_no_evaluation():
    switch, world = Switch(), fleet("shop", "blog")
    live(world, 60, switch)
    world.registry.unreadable = {"shop", "blog"}
    live(world, 100, switch)
    before = switch.calls
    live(world, 600, switch)

    assert switch.calls == before
    assert "2 secret_unreadable" in check(world, "evaluations").text
    assert world.memory("shop").holds[""].reason is Reason.SECRET_UNREADABLE
    kinds = {(event.app, event.reason) for event in world.journal.events}
    assert ("blog", Reason.SECRET_UNREADABLE) in kinds


def test_what_people_order_is_not_held(world):
    world.registry.set_policy("shop", "worker", {"pause_up": "2099-01-01T00:00:00Z"})
    world.report({"worker": 40})
    live(world, 600, Switch())
    assert check(world, "held").text == "no app is held"

    world.registry.set_policy("shop", "worker", {"dry_run": "true"})
    live(world, 600, Switch())
    assert check(world, "held").text == "no app is held"


def test_an_app_in_maintenance_is_not_expected_to_answer(world):
    own = CountsAddress.parse("https://shop-0123.herokuapp.com/api/scalar_tasks/")
    world.registry.set_address("shop", own)
    world.registry.identify(1, Identity("id-of-shop", "shop", OWN), world.clock.now())
    world.counts.answers[own.url.reveal()] = CountsUnavailable("HTTP 503")
    world.platform.maintenance = {"shop"}
    live(world, 600, Switch())

    assert check(world, "held").text == "no app is held"


def test_a_hold_that_heroku_is_the_reason_of_is_an_evaluation(world):
    world.platform.failures = [Refused("no", reason=Reason.FORBIDDEN)] * 1000
    world.report({"worker": 40})
    live(world, 600, Switch())

    assert check(world, "evaluations").is_well
    assert not check(world, "held").is_well


def test_a_database_that_is_away_is_not_well(world):
    switch = Switch()
    live(world, 60, switch)

    def away(_after, _limit):
        raise RegistryError("away")

    world.registry.page = away
    world.clock.walk(60)

    assert not send_heartbeat(world.parts, switch)
    assert switch.calls == 1
    assert "cannot be asked" in check(world, "database").text
    assert check(world, "held").text == "no app is held"

"""An event has all that explains it later: the trail, what was known, the policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from scalar.adapters.redis import event_json, memory_json
from scalar.core.app_state import Memory
from scalar.core.counts_address import CountsAddress
from scalar.core.decision.facts import read_facts
from scalar.core.errors import PlatformUnavailable
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.reading import Reading, Unknown
from scalar.core.reason import Reason
from tests.unit.world import World

#: Bytes of facts that an event may have: with 90 days of 100 changes a day of each of
#: 100 apps, 900,000 events, about 500 MB.
MOST_BYTES = 600


@pytest.fixture
def night():
    """The night of the page "why 3 to 1": a window of ten minutes, a busy app."""
    world = World()
    world.add(worker=3)
    world.account.remaining[SHARED_KEY] = 4214
    values = {
        "stabilization_down": "10m",
        "schedule": "Europe/Berlin: daily 20:00-06:00 max=9; daily 06:00-20:00 max=20",
        "release_grace": "5m",
    }
    world.registry.set_policy("shop", "worker", values)
    world.platform.releases["shop"] = datetime(2026, 1, 1, 6, tzinfo=UTC)
    return world


def report(world, count, latency=0.0):
    reading = Reading(count, latency=latency, busy=frozenset())
    world.report({"worker": reading})


def facts_of(world, kind=EventKind.SCALED):
    (event, *_) = world.journal.recent("shop", 1, kind)
    return event, read_facts(event.facts)


def to_the_change(world):
    report(world, 24)
    world.poll()
    for count in [6] * 36 + [0] * 24:
        report(world, count)
        world.poll()
    report(world, 0)
    world.poll()


def test_why_3_to_1_is_answered_by_the_event(night):
    to_the_change(night)

    event, facts = facts_of(night)
    assert (event.from_quantity, event.to_quantity) == (3, 1)
    assert [(step["quantity"], step["reason"]) for step in facts["trail"]] == [
        (0, "recommended"),
        (1, "scale_down_stabilized"),
    ]
    assert facts["recommended"] == 0
    known = facts["known"]
    assert (known["count"], known["busy"], known["latency"]) == (0, [], 0.0)
    assert (known["dynos"], known["size"]) == (3, "Standard-1X")
    assert known["calls_left"] == 4214
    assert known["released_at"] == "2026-01-01T06:00:00+00:00"
    assert known["formation_age"] == 0
    assert known["quiesced"] is True
    # The last moment that asked for more than nothing.
    dynos, until = known["window_peak"]
    assert dynos == 1
    assert event.at - datetime.fromisoformat(until) < timedelta(minutes=10)


def test_the_policy_values_have_their_origin_and_the_window_that_was_open(night):
    to_the_change(night)

    _, facts = facts_of(night)
    assert facts["policy"] == {
        "boundary": {"value": "10", "from": "environment"},
        "schedule": {"value": "daily 06:00-20:00 max=20", "from": "process type"},
        "stabilization_down": {"value": "10m", "from": "process type"},
        "release_grace": {"value": "5m", "from": "process type"},
    }


def test_an_event_stays_small(night):
    to_the_change(night)

    event, _ = facts_of(night)
    assert len(event.facts) < MOST_BYTES


def test_a_hold_and_a_dry_run_have_facts_as_well(night):
    night.registry.set_policy("shop", "", {"dry_run": "yes"})
    report(night, 44)
    night.poll()
    _, facts = facts_of(night, EventKind.DRY_RUN)
    assert facts["trail"][0]["quantity"] == 5

    night.report({"worker": Unknown(Reason.COUNT_NULL, "its broker is away")})
    for _ in range(3):
        night.poll()
    _, facts = facts_of(night, EventKind.HELD)
    assert facts["held"] == "its broker is away"
    assert facts["known"]["count"] == "unknown: its broker is away"


def test_facts_have_no_secret(night):
    """The app's own words may repeat the password of its address."""
    address = CountsAddress.parse("https://any:hunter2@shop.example/counts")
    night.registry.set_address("shop", address)
    said = Unknown(Reason.COUNT_NULL, 'no "hunter2" here')
    night.counts.read = lambda *_: {"worker": Reading(said)}
    for _ in range(3):
        night.poll()

    event, facts = facts_of(night, EventKind.HELD)
    assert "hunter2" not in event.facts
    assert facts["held"].startswith("no ")


def test_a_change_that_is_confirmed_late_keeps_the_facts_of_its_decision(night):
    night.registry.set_policy("shop", "worker", {})
    night.report({"worker": 55})
    night.poll()
    night.report({"worker": 77})
    night.platform.failures = [PlatformUnavailable("no answer")]
    night.poll()
    night.platform.formations["shop"]["worker"] = ProcessType(8, "Standard-1X")
    night.report({"worker": 78})
    night.poll()

    event, facts = facts_of(night)
    assert event.to_quantity == 8
    assert facts["known"]["count"] == 77


def test_facts_survive_redis_and_older_versions_can_read_the_rest(night):
    to_the_change(night)
    event, _ = facts_of(night)

    assert event_json.load(event_json.dump(event)) == event
    memory = Memory(unconfirmed=(event,))
    assert memory_json.load(memory_json.dump(memory)).unconfirmed == (event,)
    stored = json.loads(memory_json.dump(memory))
    assert "facts" not in stored["unconfirmed"][0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"trail":7}', '{"policy":[]}'])
def test_facts_that_cannot_be_read_are_none(text):
    assert read_facts(text) == {}


def test_the_log_has_the_trail_in_short(night, caplog):
    caplog.set_level("INFO")
    to_the_change(night)

    assert "trail=recommended:0,scale_down_stabilized:1" in caplog.text

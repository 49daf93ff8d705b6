"""No event is lost, and each is shown once, whatever fails on its way."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest

from scalar.core.errors import (
    CoordinationError,
    CountsUnavailable,
    PlatformUnavailable,
    RegistryError,
)
from scalar.core.event import EventKind
from scalar.core.formation import ProcessType
from scalar.service.evaluate.poll_and_scale import evaluate_now, poll_and_scale
from tests.unit.world import World


@pytest.fixture
def shop():
    world = World()
    world.add(worker=1)
    world.report({"worker": 5})
    world.poll()
    return world


class Away:
    """Let the journal take nothing for a while."""

    def __init__(self, journal):
        self.journal, self.record = journal, journal.record

    def __enter__(self):
        def refuse(_events):
            raise RegistryError("The database does not answer")

        self.journal.record = refuse

    def __exit__(self, *_):
        self.journal.record = self.record


def shown(world):
    """Return what happened to dynos, in the order of time."""
    return [
        (str(event.kind), event.from_quantity, event.to_quantity)
        for event in reversed(world.journal.recent("shop", 1_000))
    ]


def lose_the_lease(world):
    """Let another worker take the app over in the middle of an evaluation."""
    app_id = world.registry.app_key("shop").id
    world.coordinator._leases.pop(app_id)


def test_all_changes_of_an_outage_are_written_after_it(shop):
    wanted = [(n % 9 + 1) * 10 + 5 for n in range(60)]
    with Away(shop.journal):
        for count in wanted:
            shop.report({"worker": count})
            shop.poll()
    assert shown(shop) == []
    shop.tick()

    assert [after for _, _, after in shown(shop)] == [
        count // 10 + 1 for count in wanted
    ]
    shop.clock.walk(10)
    shop.tick()
    assert len(shown(shop)) == 60


def test_what_waits_is_told_in_the_log(shop, caplog):
    caplog.set_level(logging.INFO)
    shop.report({"worker": 95})
    with Away(shop.journal):
        shop.poll()
    assert "journal.unavailable waiting=1" in caplog.text
    shop.tick()

    assert "journal.written events=1" in caplog.text


def test_what_is_dropped_is_counted_in_the_log(shop, caplog, monkeypatch):
    monkeypatch.setattr("scalar.adapters.inmemory.outbox.MOST_WAITING", 3)
    with Away(shop.journal):
        for count in (15, 25, 35, 45):
            shop.report({"worker": count})
            shop.poll()

    assert "outbox.full dropped=1" in caplog.text
    shop.tick()
    assert [after for _, _, after in shown(shop)] == [3, 4, 5]


def test_a_change_of_an_evaluation_that_lost_its_lease_is_written(shop):
    shop.report({"worker": 95})
    scale = shop.platform.unmetered

    def slowly(app):
        platform = scale(app)
        lose_the_lease(shop)
        return platform

    with Away(shop.journal):
        shop.platform.unmetered = slowly
        read = shop.counts.read
        shop.coordinator.store, store = lambda *_: True, shop.coordinator.store
        shop.poll()
        shop.platform.unmetered, shop.counts.read = scale, read
        shop.coordinator.store = store
    assert shop.dynos() == {"worker": 10}
    shop.tick()

    assert shown(shop) == [("scaled", 1, 10)]


def test_two_evaluations_that_see_the_same_record_it_once(shop):
    """One is frozen after its reading, loses its lease, and goes on."""
    shop.report(CountsUnavailable("the app answered HTTP 503"))
    for _ in range(2):
        shop.poll()
    read, inner = shop.counts.read, []

    def freeze(*facts):
        if not inner:
            inner.append(1)
            lose_the_lease(shop)
            evaluate_now(shop.parts, shop.registry.app_key("shop"))
        return read(*facts)

    shop.counts.read = freeze
    shop.poll()

    assert [kind for kind, *_ in shown(shop)] == ["held"]


def test_two_evaluations_that_see_the_same_manual_change_record_it_once(shop):
    shop.platform.formations["shop"]["worker"] = ProcessType(7)
    read, inner = shop.platform.unmetered, []
    shop.clock.walk(3_600)  # the formation is read again

    def freeze(app):
        platform = read(app)
        if not inner:
            inner.append(1)
            lose_the_lease(shop)
            evaluate_now(shop.parts, shop.registry.app_key("shop"))
        return platform

    shop.report({"worker": 65})
    shop.platform.unmetered = freeze
    shop.poll()

    assert shown(shop) == [("changed_elsewhere", 1, 7)]


def test_manual_changes_to_and_fro_are_all_recorded(shop):
    for quantity in (7, 1, 7, 1):
        shop.report({"worker": quantity * 10 - 5})
        shop.platform.formations["shop"]["worker"] = ProcessType(quantity)
        shop.poll(seconds=3_600)

    kinds = [(before, after) for _, before, after in shown(shop)]
    assert kinds == [(1, 7), (7, 1), (1, 7), (7, 1)]


def test_a_change_recorded_twice_has_one_id(shop, monkeypatch):
    """The worker wrote it down, and died before Redis knew."""
    finish = shop.coordinator.finish

    def die(lease, _memory, *_):
        finish(lease, None)
        raise CoordinationError("Redis does not answer")

    shop.report({"worker": 95})
    with monkeypatch.context() as patch, suppress(CoordinationError):
        patch.setattr(shop.coordinator, "finish", die)
        shop.poll()
    assert shown(shop) == [("scaled", 1, 10)]
    shop.poll()

    assert shown(shop) == [("scaled", 1, 10)]
    assert shop.memory().unconfirmed == ()


def test_a_change_whose_answer_was_lost_keeps_the_id_that_it_was_asked_with(shop):
    shop.report({"worker": 95})
    shop.platform.failures = [PlatformUnavailable("the connection was reset")]
    shop.poll()
    (asked,) = shop.memory().unconfirmed
    shop.platform.formations["shop"]["worker"] = ProcessType(10)
    shop.poll()

    (event,) = [e for e in shop.journal.events if e.kind is EventKind.SCALED]
    assert event.id == asked.id != ""


def test_events_are_written_though_redis_is_away_at_the_end(shop, monkeypatch):
    def away(*_):
        raise CoordinationError("Redis does not answer")

    shop.report({"worker": 95})
    monkeypatch.setattr(shop.coordinator, "finish", away)
    monkeypatch.setattr(shop.coordinator.outbox, "remove", away)
    with suppress(CoordinationError):
        shop.poll()

    assert shown(shop) == [("scaled", 1, 10)]


def test_events_are_written_though_redis_goes_while_others_wait(shop, monkeypatch):
    """Found by chaos: what waits is read from Redis, which came back empty."""

    def away(*_):
        raise CoordinationError("Redis does not answer")

    with Away(shop.journal):
        shop.report({"worker": 15})
        shop.poll()
    shop.report({"worker": 95})
    monkeypatch.setattr(shop.coordinator.outbox, "waiting", away)
    monkeypatch.setattr(shop.coordinator.outbox, "remove", away)
    with suppress(CoordinationError):
        shop.poll()

    assert shown(shop) == [("scaled", 2, 10)]


def test_an_evaluation_without_an_event_asks_the_outbox_nothing(shop, monkeypatch):
    asked = []
    for call in ("waiting", "remove"):
        monkeypatch.setattr(shop.coordinator.outbox, call, asked.append)
    shop.coordinator.reserve([1], "token", 60)
    poll_and_scale(shop.parts, shop.registry.app_key("shop"), "token")

    assert asked == []


def test_an_evaluation_writes_what_waits_before_its_own_events(shop):
    with Away(shop.journal):
        for count in (15, 25):
            shop.report({"worker": count})
            shop.poll()
    shop.report({"worker": 35})
    shop.poll()

    assert [event.to_quantity for event in shop.journal.events] == [2, 3, 4]
    assert shop.coordinator.outbox.waiting(10) == []

"""The journal: on the twin, SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from scalar.adapters.sql.journal import SqlJournal
from scalar.core.event import EventKind, Sought
from tests.integration.database.support import NOON, event


def test_events_are_read_back_newest_first(journal):
    events = [event(0), event(2, count=None, process_type=None), event(1, count=0.5)]
    journal.record(events)

    assert journal.recent("shop", 10) == [events[1], events[2], events[0]]


def test_events_can_be_filtered_by_app(journal):
    journal.record([event(0), event(1, app="blog")])

    assert [e.app for e in journal.recent(None, 10)] == ["blog", "shop"]
    assert [e.app for e in journal.recent("blog", 10)] == ["blog"]
    assert len(journal.recent(None, 1)) == 1


def test_events_can_be_filtered_by_kind(journal):
    held = event(1, kind=EventKind.HELD)
    journal.record([event(0), held, event(2)])

    assert journal.recent("shop", 10, EventKind.HELD) == [held]


def test_events_are_sought_by_all_that_they_have(journal):
    events = [
        event(0, id="a1"),
        event(1, id="a2", process_type=None, kind=EventKind.HELD),
        event(2, id="b1", app="blog", facts='{"recommended":3}'),
        event(3, id="_1", app="*"),
    ]
    journal.record(events)

    def found(**wanted):
        return [e.id for e in journal.search(Sought(**wanted), 10)]

    assert found() == ["_1", "b1", "a2", "a1"]
    assert found(apps={"shop", "*"}) == ["_1", "a2", "a1"]
    assert found(process_types={"worker"}, apps={"shop"}) == ["a1"]
    assert found(kinds={EventKind.HELD, EventKind.RESUMED}) == ["a2"]
    assert found(since=events[1].at, until=events[3].at) == ["b1", "a2"]
    assert found(id="a") == ["a2", "a1"]
    assert found(id="_") == ["_1"]
    assert journal.search(Sought(apps=frozenset({"blog"})), 1)[0] == events[2]


def test_an_event_written_by_a_newer_version_is_skipped(engine):
    journal = SqlJournal(engine)
    journal.record([event(0), event(1)])
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE events SET reason = 'not_yet_invented' WHERE id = 2")
        )

    assert journal.recent("shop", 10) == [event(0)]


def test_an_event_with_an_id_is_stored_once(journal):
    """The first one stays, though another evaluation recorded it at another time."""
    journal.record([event(0, id="one"), event(1, id="two")])
    journal.record([event(5, id="one"), event(6, id="three"), event(7, id="three")])

    assert [e.id for e in journal.recent("shop", 10)] == ["three", "two", "one"]
    assert journal.recent("shop", 10)[-1] == event(0, id="one")


def test_events_without_an_id_are_all_stored(journal):
    journal.record([event(0), event(0)])

    assert len(journal.recent("shop", 10)) == 2


def test_a_detail_that_no_database_stores_is_written_without_it(engine):
    """An app may answer it; and it would stop all events behind it."""
    SqlJournal(engine).record([event(detail="a\0b \ud800 c")])

    assert SqlJournal(engine).recent("shop", 1)[0].detail == "a?b ? c"


def test_old_events_are_pruned(journal):
    journal.record([event(0), event(5)])

    assert journal.prune(NOON + timedelta(minutes=1)) == 1
    assert [e.at for e in journal.recent(None, 10)] == [NOON + timedelta(minutes=5)]


def test_a_count_of_any_size_is_stored_exactly(journal):
    journal.record([event(count=10**30)])

    assert journal.recent(None, 1)[0].count == 10**30

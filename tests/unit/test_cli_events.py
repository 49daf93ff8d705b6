"""`events` with its filters and `--follow`, and `show-event`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scalar.cli import evaluations
from scalar.cli.past_times import span_of_past
from scalar.core.event import Event, EventKind
from scalar.core.reason import Reason

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(minutes, process_type="worker", kind=EventKind.SCALED, app="shop", **facts):
    at = NOON - timedelta(minutes=minutes)
    one = f"{minutes:04d}{process_type}"
    return Event(at, app, process_type, kind, Reason.RECOMMENDED, 1, 2, id=one, **facts)


@pytest.fixture
def journal(shop_cli):
    shop_cli.world.journal.events = [
        event(600),
        event(90, "mailer"),
        event(60, kind=EventKind.HELD),
        event(10),
    ]
    return shop_cli


def minutes(rows):
    return [int(row["id"][:4]) for row in rows]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), [10, 60, 90, 600]),
        (("--since", "2h"), [10, 60, 90]),
        (("--since", "10:30", "--until", "11:30"), [60, 90]),
        (("--since", "11:30", "--zone", "Europe/Berlin"), [10, 60, 90]),
        (("--since", "2026-01-01T11:00", "--kind", "scaled"), [10]),
        (("--process-type", "mailer"), [90]),
        (("-p", "mailer", "-p", "worker", "--kind", "held"), [60]),
        (("--until", "2026-01-01"), []),
        (("--since", "2026-01-01", "--until", "03:00"), [600]),
    ],
)
def test_events_are_chosen_by_time_process_type_and_kind(journal, arguments, found):
    assert minutes(journal.data("events", "shop", *arguments)) == found
    assert minutes(journal.data("events", *arguments)) == found


def test_times_are_shown_in_the_zone_that_was_asked_for(journal):
    printed = journal("events", "--since", "30m", "--zone", "Asia/Tokyo").stdout

    assert "TIME (Asia/Tokyo)" in printed
    assert "2026-01-01 20:50:00" in printed


def test_nothing_found_says_so(journal):
    assert journal("events", "--kind", "moved").stderr == "No such events.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "tomorrow"), "--since tomorrow: must be a time such as 2h (ago)"),
        (("--since", "1h", "--until", "2h"), "--until 2h: must be after --since 1h"),
        (("--zone", "Mars"), "--zone Mars: must be a time zone"),
    ],
)
def test_what_cannot_be_read_is_said_on_one_line(journal, arguments, message):
    assert message in journal("events", *arguments, status=1).stderr


def test_a_night_has_its_end_on_the_next_day():
    """At noon, 23:00 to 01:00 is last night; from 01:00 to 23:00 was yesterday."""
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def span(since, until):
        found = span_of_past(at, since, until, "UTC")
        return [f"{moment:%d %H:%M}" for moment in found]

    assert span("23:00", "01:00") == ["04 23:00", "05 01:00"]
    assert span("01:00", "23:00") == ["05 01:00", "05 23:00"]


# events --follow


def test_followed_events_are_printed_once_each_as_they_come(journal, monkeypatch):
    stored = journal.world.journal.events
    late = event(5, "late")  # happened before, and is written now
    rounds = [[event(0, "new")], [late, event(0, "newer")], []]

    def wait(_seconds):
        if not rounds:
            raise KeyboardInterrupt
        stored.extend(rounds.pop(0))

    monkeypatch.setattr(evaluations, "wait", wait)
    lines = journal("events", "--follow", "--since", "1h").stdout.splitlines()

    shown = [line.split()[3] for line in lines]
    assert shown == ["worker", "worker", "new", "late", "newer"]


def test_following_an_end_makes_no_sense(journal):
    printed = journal("events", "-f", "--until", "1h", status=2)
    assert "--follow goes with neither" in printed.stderr


# show-event


def test_one_event_is_shown_in_full(shop_cli):
    shop_cli("set-policy", "shop", "worker", "--max", "2")
    shop_cli("poll", "shop")
    one = shop_cli.data("events", "--kind", "scaled")[0]["id"]

    assert shop_cli("show-event", one[:8]).stdout == (
        "shop worker: scaled 1 -> 2\n"
        "at:       2026-01-01 12:00:00 UTC\n"
        "reason:   too_many_dynos\n"
        "detail:   at most 2\n"
        "decision:\n"
        "  recommended               3   count 25 / boundary 10\n"
        "  too_many_dynos            2   at most 2\n"
        "known:\n"
        "  count                25, answered in 0 ms\n"
        "  dynos                1 Standard-1X, read 0 s before\n"
        "policy:\n"
        "  boundary             10                        from environment\n"
        "  max                  2                         from process type; "
        "ann, set-policy, on laptop, 2026-01-01 12:00:00\n"
        f"id:       {one}\n"
    )
    data = shop_cli.data("show-event", one)
    assert data["facts"]["known"]["dynos"] == 1


def test_an_event_of_an_older_version_has_no_facts(journal):
    assert "facts:    none are kept of this event" in str(journal("show-event", "0600"))


@pytest.mark.parametrize(
    ("beginning", "message"),
    [
        ("ffff", "no event begins with 'ffff'"),
        ("00", "several events begin with '00'"),
        ("", "no event begins with ''"),
        ("%", "no event begins with '%'"),
    ],
)
def test_an_id_that_is_not_one_events_is_refused(journal, beginning, message):
    assert message in journal("show-event", beginning, status=1).stderr

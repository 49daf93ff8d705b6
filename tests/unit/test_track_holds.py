"""Holds over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scalar.core.app_state import WHOLE_APP, Hold
from scalar.core.decision.decision import Step
from scalar.core.decision.track_holds import LASTING, track_holds
from scalar.core.event import EventKind
from scalar.core.reason import Reason

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NULL = Step(0, Reason.COUNT_NULL, "the app does not know")
AWAY = Step(0, Reason.COUNTS_UNAVAILABLE, "HTTP 503")


def follow(*evaluations):
    """Walk through evaluations a minute apart; return the holds and all events."""
    holds, events = {}, []
    for minute, held in enumerate(evaluations):
        at = NOON + timedelta(minutes=minute)
        holds, new = track_holds("shop", holds, held, at)
        events += new
    return holds, events


def test_a_hold_is_counted_from_its_beginning():
    holds, _ = follow({"worker": NULL}, {"worker": NULL})

    assert holds["worker"].times == 2
    assert holds["worker"].since == NOON


def test_a_short_hold_is_no_event():
    _, events = follow(*[{"worker": NULL}] * (LASTING - 1), {})

    assert events == []


def test_a_lasting_hold_is_one_event_and_its_end_another():
    _, events = follow(*[{"worker": NULL}] * (LASTING + 5), {})

    assert [(e.kind, e.process_type, e.reason) for e in events] == [
        (EventKind.HELD, "worker", Reason.COUNT_NULL),
        (EventKind.RESUMED, "worker", Reason.RESUMED),
    ]


def test_the_end_of_a_hold_says_how_long_it_was_in_seconds_and_polls():
    holds = {"worker": Hold(Reason.COUNT_NULL, NOON, times=3, recorded=True)}
    for seconds, span in ((30, "30 s"), (300, "5 min")):
        _, (event,) = track_holds("shop", holds, {}, NOON + timedelta(seconds=seconds))
        assert event.detail == f"was held for {span}, 3 polls: count_null"


def test_a_hold_that_changes_its_reason_is_the_same_hold():
    invalid = Step(0, Reason.COUNT_INVALID, "text is no count")
    holds, events = follow({"worker": NULL}, {"worker": invalid}, {"worker": NULL})

    assert holds["worker"].times == 3
    assert len(events) == 1


def test_while_the_whole_app_is_held_its_process_types_are_not_forgotten():
    holds, events = follow(*[{"worker": NULL}] * 3, {WHOLE_APP: AWAY}, {"worker": NULL})

    assert holds["worker"].times == 4
    assert WHOLE_APP not in holds
    assert [e.kind for e in events] == [EventKind.HELD]


def test_an_event_of_the_whole_app_names_no_process_type():
    _, events = follow(*[{WHOLE_APP: AWAY}] * LASTING)

    assert events[0].process_type is None
    assert events[0].detail == "HTTP 503"

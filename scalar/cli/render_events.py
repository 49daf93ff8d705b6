"""The events: as data, as a table for people, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click

from scalar.cli.output import print_table, shown_time
from scalar.cli.render_evaluation import print_stage
from scalar.core.decision.facts import read_facts
from scalar.core.decision.spans import shown_span
from scalar.core.event import ALL_APPS, Event

HEAD = "APP,PROCESS TYPE,EVENT,DYNOS,COUNT,REASON,ID,DETAIL"
#: Letters of an id that are shown; `show-event` takes them.
SHOWN_ID = 8


def events_as_data(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the events as data."""
    return [event_as_data(event) for event in events]


def event_as_data(event: Event) -> dict[str, Any]:
    """Return an event as data, with its facts."""
    data = {field: getattr(event, field) for field in event.__slots__}
    return {**data, "facts": read_facts(event.facts)}


def print_events(events: Sequence[Event], zone: tzinfo = UTC) -> None:
    """Print the events as a table."""
    rows = [_row(event, zone) for event in events]
    print_table([f"TIME ({zone})", *HEAD.split(",")], rows)


def event_in_line(event: Event, zone: tzinfo) -> str:
    """Return an event on one line, for those who follow."""
    return "  ".join(str(cell) for cell in _row(event, zone) if cell not in ("", None))


def print_event(event: Event, zone: tzinfo = UTC) -> None:
    """Print all that explains an event."""
    facts = read_facts(event.facts)
    where = " ".join(part for part in (_app(event), event.process_type) if part)
    dynos = f" {_dynos(event)}" if _dynos(event) else ""
    click.echo(f"{where}: {event.kind}{dynos}")
    click.echo(f"at:       {shown_time(event.at, zone)} {zone}")
    click.echo(f"reason:   {event.reason}")
    if event.detail:
        click.echo(f"detail:   {event.detail}")
    _print_decision(facts)
    _print_known(facts.get("known", {}), event.at, zone)
    _print_policy(facts.get("policy", {}), zone)
    _print_order(facts)
    if not facts:
        click.echo("facts:    none are kept of this event")
    click.echo(f"id:       {event.id or 'none'}")


def _print_decision(facts: dict[str, Any]) -> None:
    trail = facts.get("trail", [])
    if trail:
        click.echo("decision:")
    for step in trail:
        print_stage(
            step.get("reason", ""), step.get("quantity"), step.get("detail", "")
        )
    for note in facts.get("notes", []):
        click.echo(f"  note: {note}")


def _print_known(known: dict[str, Any], at: datetime, zone: tzinfo) -> None:
    if not known:
        return
    answered = known.get("answered_ms")
    after = "" if answered is None else f", answered in {answered} ms"
    age = known.get("formation_age")
    read = "" if age is None else f", read {_ago(age)}"
    quiesced = ", and told to take no more" if known.get("quiesced") else ""
    busy = known.get("busy")
    rows = {
        "count": _with(known.get("count"), after),
        "oldest job": _with(known.get("latency"), " s"),
        "busy dynos": _with(_busy(busy), quiesced),
        "stranded": known.get("stranded"),
        "next job in": _with(known.get("next_eta"), " s"),
        "dynos": _with(known.get("dynos"), f" {known.get('size', '')}".rstrip() + read),
        "last release": _released(known.get("released_at"), at, zone),
        "calls left": known.get("calls_left"),
        "window": _peak(known.get("window_peak"), zone),
    }
    click.echo("known:")
    for name, fact in rows.items():
        if fact is not None:
            click.echo(f"  {name:<20} {fact}")


def _print_policy(policy: dict[str, Any], zone: tzinfo) -> None:
    if policy:
        click.echo("policy:")
    for name, value in policy.items():
        click.echo(
            f"  {name:<20} {value.get('value', ''):<24}  from {value.get('from', '')}"
            f"{_set_by(value, zone)}"
        )


def _print_order(facts: dict[str, Any]) -> None:
    if by := facts.get("by"):
        host = f", on {by['host']}" if by.get("host") else ""
        who = by.get("user") or "unknown"
        click.echo(f"by:       {who}, {by.get('command', '')}{host}")
    before, after = facts.get("before", {}), facts.get("after", {})
    for name in sorted({*before, *after}):
        was, now = before.get(name, "not set"), after.get(name, "not set")
        click.echo(f"  {name:<20} {was} -> {now}")


def _set_by(value: dict[str, Any], zone: tzinfo) -> str:
    if not value.get("set_at"):
        return ""
    at = shown_time(datetime.fromisoformat(value["set_at"]), zone)
    return f"; {value.get('set_by') or 'unknown'}, {at}"


def _with(fact: object, rest: str) -> str | None:
    return None if fact is None else f"{fact}{rest if not _is_text(fact) else ''}"


def _is_text(fact: object) -> bool:
    return isinstance(fact, str) and fact.startswith("unknown")


def _busy(busy: object) -> object:
    if isinstance(busy, list):
        return ", ".join(map(str, busy)) or "none"
    return busy


def _ago(seconds: float) -> str:
    return f"{shown_span(timedelta(seconds=seconds))} before"


def _released(text: str | None, at: datetime, zone: tzinfo) -> str | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return f"{shown_time(moment, zone)}, {shown_span(at - moment)} before"


def _peak(peak: list[Any] | None, zone: tzinfo) -> str | None:
    if not peak:
        return None
    last = shown_time(datetime.fromisoformat(peak[1]), zone)
    return f"at most {peak[0]} asked for, last at {last}"


def _app(event: Event) -> str:
    return "all apps" if event.app == ALL_APPS else event.app


def _dynos(event: Event) -> str:
    changed = event.to_quantity is not None
    return f"{event.from_quantity} -> {event.to_quantity}" if changed else ""


def _row(event: Event, zone: tzinfo) -> list[object]:
    return [
        shown_time(event.at, zone),
        "(all)" if event.app == ALL_APPS else event.app,
        event.process_type or "(app)",
        event.kind,
        _dynos(event),
        event.count,
        event.reason,
        event.id[:SHOWN_ID],
        event.detail,
    ]

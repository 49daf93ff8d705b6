"""Evaluate apps on request, and list the events of past evaluations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

from scalar.cli.at_times import read_at
from scalar.cli.output import json_option, note, print_json, shown_time
from scalar.cli.past_times import span_of_past
from scalar.cli.pause_times import zone_of
from scalar.cli.render_evaluation import evaluation_as_data, print_evaluation
from scalar.cli.render_events import (
    event_as_data,
    event_in_line,
    events_as_data,
    print_event,
    print_events,
)
from scalar.cli.tools import Tools, with_tools
from scalar.core.app import AppKey
from scalar.core.errors import ScalarError
from scalar.core.event import Event, EventKind, Sought, identified
from scalar.service import queries
from scalar.service.evaluate.evaluation import Evaluation
from scalar.service.evaluate.poll_and_scale import evaluate_now

#: Seconds that `poll` waits for a worker's evaluation of the app to end.
PATIENCE = 30.0
#: Seconds between two looks of `events --follow`, and how late an event may be.
FOLLOW_EVERY = 2.0
WRITTEN_WITHIN = timedelta(minutes=15)
MOST_FOLLOWED = 1_000
wait = time.sleep


@click.command("check-app")
@click.argument("name")
@click.option("--at", metavar="TIME", help="As if it were 20:00, 'sat 20:00', 2h on.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of --at.")
@json_option
@with_tools
def check_app(
    tools: Tools, name: str, at: str | None, zone: str, *, as_json: bool
) -> None:
    """Evaluate the app NAME now and explain the result; change nothing.

    With --at, schedules, pauses, leases and cooldowns are those of that time; counts
    and dynos are those of now.
    """
    place, now = zone_of(zone), tools.parts.clock.now()
    moment = None if at is None else read_at(at, place, now)
    if moment is not None:
        shown = shown_time(moment, place)
        note(f"Note: as if it were {shown} {place}, with the counts and dynos of now.")
    done = queries.explanation(tools.parts, name, moment)
    if as_json:
        print_json(evaluation_as_data(name, done))
    else:
        print_evaluation(name, done)
    if done.hold:
        raise click.exceptions.Exit(1)


@click.command("poll")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every registered app.")
@json_option
@with_tools
def poll(tools: Tools, name: str | None, *, every: bool, as_json: bool) -> None:
    """Evaluate the app NAME (or --all) now, and scale it."""
    if every == bool(name):
        raise click.UsageError("Name one app, or use --all")
    keys = queries.app_keys(tools.parts, name)
    with ThreadPoolExecutor(tools.settings.worker_concurrency) as threads:
        results = list(threads.map(lambda key: _evaluate(tools, key), keys))
    if as_json:
        data = zip(keys, results, strict=True)
        print_json([evaluation_as_data(key.name, result) for key, result in data])
    else:
        for key, result in zip(keys, results, strict=True):
            _print_result(key, result)
    if any(not isinstance(r, Evaluation) or r.hold for r in results):
        raise click.exceptions.Exit(1)


@click.command("events")
@click.argument("name", required=False)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Number of events to print, newest first.",
)
@click.option("--since", metavar="TIME", help="From 2h (ago), 02:00, 2026-12-24T02:00.")
@click.option("--until", metavar="TIME", help="Until then; the same forms.")
@click.option(
    "--process-type", "-p", "process_types", multiple=True, help="Of it; repeatable."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in EventKind]),
    help="Of this kind; repeatable.",
)
@click.option(
    "--zone", default="UTC", show_default=True, help="Time zone of all times."
)
@click.option("--follow", "-f", is_flag=True, help="Print new events as they come.")
@json_option
@with_tools
def events(  # noqa: PLR0917 - Click passes them by name
    tools: Tools,
    name: str | None,
    limit: int,
    since: str | None,
    until: str | None,
    process_types: tuple[str, ...],
    kinds: tuple[str, ...],
    zone: str,
    *,
    follow: bool,
    as_json: bool,
) -> None:
    """Print the events of the app NAME, or of all, newest first.

    Events are changes of dynos, lasting holds, and what people ordered. `show-event`
    shows all that explains one of them.
    """
    if follow and (as_json or until):
        raise click.UsageError("--follow goes with neither --json nor --until")
    place = zone_of(zone)
    start, end = span_of_past(tools.parts.clock.now(), since, until, zone)
    sought = Sought(
        process_types=frozenset(process_types) or None,
        kinds=frozenset(map(EventKind, kinds)) or None,
        since=start,
        until=end,
    )
    found = queries.events(tools.parts, name, limit, sought)
    if follow:
        _follow(tools, name, sought, place, found)
        return
    if not found:
        note("No such events." if sought != Sought() else "No events yet.")
    if as_json:
        print_json(events_as_data(found))
    elif found:
        print_events(found, place)


@click.command("show-event")
@click.argument("event_id", metavar="ID")
@click.option(
    "--zone", default="UTC", show_default=True, help="Time zone of all times."
)
@json_option
@with_tools
def show_event(tools: Tools, event_id: str, zone: str, *, as_json: bool) -> None:
    """Show all that explains the event ID: decision, what was known, the policy.

    The first letters of ID are enough, as `events` prints them.
    """
    place = zone_of(zone)
    found = queries.event(tools.parts, event_id)
    if as_json:
        print_json(event_as_data(found))
    else:
        print_event(found, place)


def _follow(
    tools: Tools,
    name: str | None,
    sought: Sought,
    zone: ZoneInfo,
    found: Sequence[Event],
) -> None:
    """Print events oldest first, then those that come, until Ctrl-C.

    An event may be written a while after it happened, while the database was away.
    """
    seen: dict[str, datetime] = {}
    while True:
        for event in reversed(found):
            one = identified(event).id
            if one not in seen:
                click.echo(event_in_line(event, zone))
            seen[one] = event.at
        try:
            wait(FOLLOW_EVERY)
        except KeyboardInterrupt:
            return
        late = tools.parts.clock.now() - WRITTEN_WITHIN
        seen = {one: at for one, at in seen.items() if at >= late}
        start = max(late, sought.since) if sought.since else late
        newer = replace(sought, since=start)
        found = queries.events(tools.parts, name, MOST_FOLLOWED, newer)


def _evaluate(tools: Tools, key: AppKey) -> Evaluation | str:
    """Return the evaluation, or what prevented it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            done = evaluate_now(tools.parts, key)
        except ScalarError as exc:
            return str(exc)
        if done is not None:
            return done
        if time.monotonic() > end:
            return f"another evaluation was under way for {PATIENCE:g} s"
        time.sleep(0.2)


def _print_result(key: AppKey, result: Evaluation | str) -> None:
    if isinstance(result, str):
        note(f"{key.name}: {result}")
    else:
        print_evaluation(key.name, result)

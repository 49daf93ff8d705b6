"""One app, or the fleet: as data, and as text for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from scalar.cli.output import note, print_table, shown_time
from scalar.core.app_state import WHOLE_APP
from scalar.core.counts_address import shown_queues
from scalar.core.decision.spans import shown_span
from scalar.core.errors import InvalidInput
from scalar.core.health import shown_age
from scalar.core.policy.coming_windows import Opening
from scalar.core.policy.values import PAUSES, UNTIL_RESUMED, read_value
from scalar.core.reading import Form
from scalar.service.queries import (
    AppDetails,
    AppState,
    AppSummary,
    DynoRow,
    Fleet,
    KeyOwner,
    Orders,
    ShownPolicy,
    Status,
)

#: Shown in place of an address that cannot be decrypted.
UNREADABLE = "(encrypted with another key)"


def fleet_as_data(fleet: Fleet) -> list[dict[str, Any]]:
    """Return the apps as data."""
    return [_summary_as_data(app) for app in fleet.apps]


def print_fleet(fleet: Fleet) -> None:
    """Print the apps as a table."""
    if not fleet.apps:
        note("No app is registered. Add one with: python cli.py add-app NAME")
        return
    rows = [[cell(app) for _, cell in COLUMNS] for app in fleet.apps]
    print_table([head for head, _ in COLUMNS], rows)


def details_as_data(details: AppDetails) -> dict[str, Any]:
    """Return one app as data."""
    return {
        **_summary_as_data(details.summary),
        "formation_read_at": details.formation_read_at,
        "formation": {
            process_type: {
                "quantity": row.quantity,
                "size": row.size,
                "limit": row.limit,
            }
            for process_type, row in details.formation.items()
        },
        "set_by_hand": {
            process_type: {
                "leased_seconds": round(row.leased_for.total_seconds()),
                "off": row.off,
            }
            for process_type, row in details.formation.items()
            if row.leased_for or row.off
        },
        "policies": {
            process_type or "(app)": {
                "problem": policy.problem,
                "is_unknown": policy.is_unknown,
                "notes": list(policy.notes),
                "holding": [
                    {"value": one.value, "until": one.until, "what": one.what}
                    for one in policy.holding
                ],
                "schedule": {
                    "open": _opening_as_data(policy.opened),
                    "next": _opening_as_data(policy.coming),
                },
                "values": {
                    setting.name: {"value": setting.text, "from": setting.origin}
                    for setting in policy.settings
                },
            }
            for process_type, policy in details.policies.items()
        },
        "holds": [
            {
                "process_type": process_type or None,
                "reason": hold.reason.value,
                "since": hold.since,
                "times": hold.times,
                "detail": hold.detail,
            }
            for process_type, hold in sorted(details.summary.state.holds.items())
        ],
    }


def print_details(details: AppDetails) -> None:
    """Print one app with everything that decides how it is scaled."""
    app = details.summary
    address = app.address
    click.echo(f"name:     {app.name}")
    click.echo(f"url:      {address.url if address else UNREADABLE}")
    click.echo(f"state:    {_state_and_orders(app)}")
    if address and address.form is not Form.AUTO:
        click.echo(f"format:   {address.form}")
    if address and address.queues:
        click.echo(f"queues:   {shown_queues(address.queues)}")
    if app.heroku_key is KeyOwner.APP:
        click.echo(f"heroku:   {app.heroku_key}")
    _print_formation(details)
    _print_policies(details)
    for process_type, hold in sorted(app.state.holds.items()):
        click.echo(
            f"held:     {process_type or 'the whole app'}, {hold.reason}, "
            f"{hold.times} times since {shown_time(hold.since)} UTC: {hold.detail}"
        )


def note_state_problem(answer: Fleet | AppDetails) -> None:
    """Say that all apps are paused, and why no state is known, if so."""
    if answer.pause:
        note(f"Note: {answer.pause}. End it with: python cli.py resume-app --all")
    if answer.state_problem:
        note(f"Note: the state is unknown: {answer.state_problem}.")


def _summary_as_data(app: AppSummary) -> dict[str, Any]:
    address = app.address
    return {
        "name": app.name,
        "url": address.url if address else UNREADABLE,
        "format": address.form.value if address else None,
        "queues": address.queues if address else {},
        "heroku_key": app.heroku_key.value,
        "state": _state(app.state) + _orders(app.orders),
        "polled_seconds_ago": (
            None if app.state.age is None else round(app.state.age.total_seconds())
        ),
    }


def _state_and_orders(app: AppSummary) -> str:
    """Return the state with its age, and what people ordered."""
    state = app.state
    shown = _state(state)
    if state.status in {Status.OK, Status.HELD_IN_PART} and not state.is_overdue:
        shown += f", polled {shown_age(state.age)} ago" if state.age is not None else ""
    return shown + _orders(app.orders)


def _state(state: AppState) -> str:
    """Return a state in a few words; one of long ago is not the state of now."""
    if state.age is None or not state.is_overdue:
        return _known_state(state)
    late = f"not polled for {shown_age(state.age)}"
    if state.status in {Status.OK, Status.NOT_EVALUATED}:
        return late
    return f"{late}, {_known_state(state)}"


def _known_state(state: AppState) -> str:
    if state.status is Status.NOT_EVALUATED:
        return "not evaluated yet"
    if state.status is Status.HELD:
        hold = state.holds[WHOLE_APP]
        every = f", evaluated every {state.backoff:.0f} s" if state.backoff else ""
        return f"held: {hold.reason} since {shown_time(hold.since)} UTC{every}"
    if state.status is Status.HELD_IN_PART:
        held = (f"{name} ({hold.reason})" for name, hold in sorted(state.holds.items()))
        return f"held in part: {', '.join(held)}"
    return state.status.value


def _orders(orders: Orders) -> str:
    return (
        _order("paused", orders.paused - orders.unknown)
        + _order("dry run", orders.dry_run - orders.unknown)
        + _order("manual lease", orders.leased)
        + _order("off by hand", orders.off)
        + _order("no such process type", orders.unknown)
    )


def _order(what: str, where: frozenset[str]) -> str:
    """Return `, paused` for a whole app, `, paused: worker` for part of it."""
    if not where:
        return ""
    names = "" if WHOLE_APP in where else f": {', '.join(sorted(where))}"
    return f", {what}{names}"


def _print_formation(details: AppDetails) -> None:
    if not details.formation:
        click.echo("dynos:    not read yet")
        return
    read_at = shown_time(details.formation_read_at)
    click.echo(f"dynos:    as read at {read_at} UTC, or changed by us since")
    for process_type, row in details.formation.items():
        limit = "" if row.limit is None else f", Heroku allows {row.limit}"
        by_hand = _by_hand(row)
        click.echo(f"  {process_type}: {row.quantity} {row.size}{limit}{by_hand}")


def _by_hand(row: DynoRow) -> str:
    """Return what a person has ordered of these dynos, with the Heroku CLI."""
    if row.leased_for:
        return f", set by hand, left alone for {shown_span(row.leased_for)}"
    return ", set by hand, off until somebody raises it" if row.off else ""


def _print_policies(details: AppDetails) -> None:
    for process_type, policy in details.policies.items():
        strange = " (the app has no such process type)" if policy.is_unknown else ""
        click.echo(f"policy:   {process_type or '(app)'}{strange}")
        if policy.problem:
            click.echo(f"  not valid: {policy.problem}")
        for text in policy.notes:
            click.echo(f"  note: {text}")
        for setting in policy.settings:
            text = _shown_value(setting.name, setting.text, details.at)
            click.echo(f"  {setting.name:<20} {text:<24}  from {setting.origin}")
        _print_what_holds(policy)


def _print_what_holds(policy: ShownPolicy) -> None:
    if opened := policy.opened:
        end = f", until {shown_time(opened.end)} UTC" if opened.end else ""
        click.echo(f"  open:  {opened.window.text}{end}")
    if coming := policy.coming:
        end = f" to {shown_time(coming.end)}" if coming.end else " on"
        click.echo(
            f"  next:  {coming.window.text}, from {shown_time(coming.start)}{end} UTC"
        )
    for one in policy.holding:
        end = f"{shown_time(one.until)} UTC"
        if one.until == UNTIL_RESUMED:
            end = "it is resumed"
        click.echo(f"  holds: {one.what} until {end} ({one.value})")


def _opening_as_data(opening: Opening | None) -> dict[str, Any] | None:
    if opening is None:
        return None
    return {
        "window": opening.window.text,
        "from": opening.start,
        "until": opening.end,
    }


def _shown_value(name: str, text: str, now: datetime) -> str:
    """Return a value on one line; the end of a pause as a time for people."""
    if name not in PAUSES:
        return " ".join(text.split())
    try:
        end = read_value(name, text)
    except InvalidInput:
        return text
    if name == "lease_ended":
        return f"at {shown_time(end)} UTC"
    if end == UNTIL_RESUMED:
        return "until it is resumed"
    over = " (over)" if end <= now else ""
    return f"until {shown_time(end)} UTC{over}"


def _shown_url(app: AppSummary) -> str:
    return app.address.described if app.address else UNREADABLE


#: The columns of `list-apps`: the head, and the cell of an app.
COLUMNS: tuple[tuple[str, Callable[[AppSummary], str]], ...] = (
    ("NAME", lambda app: app.name),
    ("STATE", _state_and_orders),
    ("HEROKU KEY", lambda app: app.heroku_key),
    ("URL", _shown_url),
)

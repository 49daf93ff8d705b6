"""The registry: add, remove, list and show apps."""

from __future__ import annotations

import sys
from typing import Any

import click

from scalar.bootstrap import Toolbox
from scalar.commands.shared import (
    json_option,
    note,
    print_json,
    print_table,
    shown_time,
    with_tools,
)
from scalar.errors import CoordinationError, SecretUnreadable
from scalar.model import WHOLE_APP, Memory
from scalar.ports import AppKey, RegisteredApp
from scalar.service.registration import register

PAGE = 1_000


@click.command("add-app")
@click.argument("name")
@click.argument("url", required=False)
@click.option(
    "--no-check", is_flag=True, help="Ask neither Heroku nor the URL; register."
)
@with_tools
def add_app(tools: Toolbox, name: str, url: str | None, *, no_check: bool) -> None:
    """Register the app NAME, whose counts are served at URL.

    Without URL it is api/scalar_tasks/ at the address that Heroku knows. URL
    may carry user:password@ for basic authentication.
    """
    done = register(
        tools.parts,
        name,
        url,
        check=not no_check,
        has_key=bool(tools.settings.heroku_api_key),
    )
    click.echo(f"Registered {done.app.name}: {done.app.url}")
    for text in done.notes:
        note(f"Note: {text}.")


@click.command("del-app")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_tools
def del_app(tools: Toolbox, name: str, *, yes: bool) -> None:
    """Remove the app NAME. Its dynos stay as they are, and so do its events."""
    app = _identity(tools, name)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask at. Say --yes to remove it")
    if not yes:
        click.confirm(
            f"Remove {name}? Its dynos stay as they are", abort=True, err=True
        )
    tools.registry.remove(name)
    try:
        tools.coordinator.forget(app.id)
    except CoordinationError as exc:
        note(f"Note: {exc}. What is remembered of {name} goes by itself in a week.")
    click.echo(f"Removed {name}")


@click.command("list-apps")
@json_option
@with_tools
def list_apps(tools: Toolbox, *, as_json: bool) -> None:
    """List the registered apps, each with its state."""
    keys = _all_keys(tools)
    memories = _recall(tools, [key.id for key in keys])
    rows = [
        {
            "name": key.name,
            "url": _shown_url(tools, key.name),
            "state": _state(memories, key.id),
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ["NAME", "STATE", "URL"], [[r["name"], r["state"], r["url"]] for r in rows]
        )
    else:
        note("No app is registered. Add one with: python cli.py add-app NAME")


@click.command("show-app")
@click.argument("name")
@json_option
@with_tools
def show_app(tools: Toolbox, name: str, *, as_json: bool) -> None:
    """Show the app NAME: its URL, its dynos as last heard of, what holds it."""
    app = _identity(tools, name)
    memories = _recall(tools, [app.id])
    memory = (memories or {}).get(app.id, Memory())
    facts: dict[str, Any] = {
        "name": app.name,
        "url": _shown_url(tools, name),
        "state": _state(memories, app.id),
        "formation": {
            process_type: {
                "quantity": row.quantity,
                "size": row.size,
                "limit": memory.limits.get(process_type),
                "boundary": tools.parts.options.policy_of(process_type).boundary,
            }
            for process_type, row in sorted((memory.formation or {}).items())
        },
        "formation_read_at": memory.read_at,
        "holds": [
            {
                "process_type": process_type or None,
                "reason": hold.reason.value,
                "since": hold.since,
                "times": hold.times,
                "detail": hold.detail,
            }
            for process_type, hold in sorted(memory.holds.items())
        ],
    }
    if as_json:
        print_json(facts)
        return
    for label in ("name", "url", "state"):
        click.echo(f"{label + ':':10}{facts[label]}")
    _print_formation(facts)
    for hold in facts["holds"]:
        click.echo(
            f"held:     {hold['process_type'] or 'the whole app'}, {hold['reason']}, "
            f"{hold['times']} times since {shown_time(hold['since'])} UTC: "
            f"{hold['detail']}"
        )


def _print_formation(facts: dict[str, Any]) -> None:
    if not facts["formation"]:
        click.echo("dynos:    not read yet")
        return
    read_at = shown_time(facts["formation_read_at"])
    click.echo(f"dynos:    as read at {read_at} UTC, or changed by us since")
    for process_type, row in facts["formation"].items():
        limit = "" if row["limit"] is None else f", Heroku allows {row['limit']}"
        click.echo(
            f"  {process_type}: {row['quantity']} {row['size']}, "
            f"boundary {row['boundary']}{limit}"
        )


def _identity(tools: Toolbox, name: str) -> AppKey:
    """Return the app's key; works even if its URL cannot be decrypted."""
    return tools.registry.key(name)


def _all_keys(tools: Toolbox) -> list[AppKey]:
    keys: list[AppKey] = []
    while page := tools.registry.page(keys[-1].id if keys else 0, PAGE):
        keys.extend(page)
    return sorted(keys, key=lambda key: key.name)


def _recall(tools: Toolbox, ids: list[int]) -> dict[int, Memory] | None:
    """Return what is remembered of apps; None if Redis cannot tell."""
    try:
        return tools.coordinator.recall(ids)
    except CoordinationError as exc:
        note(f"Note: the state is not known: {exc}.")
        return None


def _state(memories: dict[int, Memory] | None, app_id: int) -> str:
    if memories is None:
        return "unknown"
    memory = memories.get(app_id)
    if memory is None:
        return "not polled yet"
    whole = memory.holds.get(WHOLE_APP)
    if whole:
        return f"held: {whole.reason} since {shown_time(whole.since)} UTC"
    if memory.holds:
        held = ", ".join(
            f"{name} ({hold.reason})" for name, hold in sorted(memory.holds.items())
        )
        return f"held in part: {held}"
    return "ok"


def _shown_url(tools: Toolbox, name: str) -> str:
    try:
        app: RegisteredApp = tools.registry.get(name)
    except SecretUnreadable:
        return "(encrypted with another key)"
    return app.url.shown()

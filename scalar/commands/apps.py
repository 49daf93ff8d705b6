"""The registry: add, remove and list apps."""

from __future__ import annotations

import sys

import click

from scalar.bootstrap import Toolbox
from scalar.commands.shared import (
    json_option,
    note,
    print_json,
    print_table,
    recall,
    shown_url,
    standing_of,
    state_of,
    with_tools,
)
from scalar.errors import CoordinationError
from scalar.ports import AppKey
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
    memories = recall(tools, [key.id for key in keys])
    rows = [
        {
            "name": key.name,
            "url": shown_url(tools, key.name),
            "state": state_of(memories, key.id) + standing_of(tools, key.name),
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


def _identity(tools: Toolbox, name: str) -> AppKey:
    """Return the app's key; works even if its URL cannot be decrypted."""
    return tools.registry.key(name)


def _all_keys(tools: Toolbox) -> list[AppKey]:
    keys: list[AppKey] = []
    while page := tools.registry.page(keys[-1].id if keys else 0, PAGE):
        keys.extend(page)
    return sorted(keys, key=lambda key: key.name)

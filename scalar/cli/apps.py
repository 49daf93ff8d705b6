"""The registry: add, remove and list apps."""

from __future__ import annotations

import sys

import click

from scalar.bootstrap import Toolbox
from scalar.cli.addresses import address_options, tell
from scalar.cli.heroku_keys import heroku_key_option, warn_of_plain_text
from scalar.cli.shared import (
    described,
    json_option,
    note,
    print_json,
    print_table,
    readable_app,
    recall,
    shown_address,
    shown_key,
    standing_of,
    state_of,
    with_tools,
)
from scalar.core.app import AppKey
from scalar.core.errors import CoordinationError
from scalar.core.secret import Secret
from scalar.service.registration import Wanted, move, register

PAGE = 1_000


@click.command("add-app")
@click.argument("name")
@address_options
@heroku_key_option
@with_tools
def add_app(
    tools: Toolbox, name: str, *, wanted: Wanted, heroku_key: Secret, no_check: bool
) -> None:
    """Register the app NAME, which tells at URL how much work it has.

    Without URL it is api/scalar_tasks/ at the address that Heroku knows, or
    hirefire with --format hirefire; with a token alone, the first that answers.
    URL may carry user:password@. The URL of a broker (redis, rediss, amqp, amqps)
    needs --queues.
    """
    done = register(
        tools.parts,
        name,
        wanted,
        check=not no_check,
        has_key=bool(tools.settings.heroku_api_key),
        heroku_key=heroku_key,
    )
    tell(done, "Registered")
    if heroku_key:
        warn_of_plain_text(tools)


@click.command("move-app")
@click.argument("name")
@address_options
@with_tools
def move_app(tools: Toolbox, name: str, *, wanted: Wanted, no_check: bool) -> None:
    """Give the registered app NAME another URL, form or token; policies stay.

    All of its address is given anew, as with add-app.
    """
    has_key = bool(tools.settings.heroku_api_key)
    done = move(tools.parts, name, wanted, check=not no_check, has_key=has_key)
    tell(done, "Moved")


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
    apps = {key.name: readable_app(tools, key.name) for key in keys}
    rows = [
        {
            "name": key.name,
            **shown_address(apps[key.name]),
            "heroku_key": shown_key(apps[key.name]),
            "state": state_of(memories, key.id) + standing_of(tools, apps[key.name]),
        }
        for key in keys
    ]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(
            ["NAME", "STATE", "HEROKU KEY", "URL"],
            [
                [r["name"], r["state"], r["heroku_key"], described(apps[r["name"]])]
                for r in rows
            ],
        )
    else:
        note("No app is registered. Add one with: python cli.py add-app NAME")


def _identity(tools: Toolbox, name: str) -> AppKey:
    """Return the app's key; works even if its URL cannot be decrypted."""
    return tools.registry.app_key(name)


def _all_keys(tools: Toolbox) -> list[AppKey]:
    keys: list[AppKey] = []
    while page := tools.registry.page(keys[-1].id if keys else 0, PAGE):
        keys.extend(page)
    return sorted(keys, key=lambda key: key.name)

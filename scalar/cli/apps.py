"""The registry: add, move, remove, list and show apps."""

from __future__ import annotations

import sys

import click

from scalar.cli.addresses import address_options, print_registration
from scalar.cli.heroku_keys import heroku_key_option, warn_of_plain_text
from scalar.cli.output import json_option, note, print_json
from scalar.cli.render_app import (
    details_as_data,
    fleet_as_data,
    note_state_problem,
    print_details,
    print_fleet,
)
from scalar.cli.render_failing import failing_as_data, print_failing
from scalar.cli.tools import Tools, with_tools
from scalar.core.secret import Secret
from scalar.service import queries
from scalar.service.failing import failing as what_fails
from scalar.service.registration import Wanted, move, register, remove
from scalar.service.renaming import rename


@click.command("add-app")
@click.argument("name")
@address_options
@heroku_key_option
@with_tools
def add_app(
    tools: Tools, name: str, *, wanted: Wanted, heroku_key: Secret, no_check: bool
) -> None:
    """Register the app NAME, whose counts are read at URL.

    Without URL, it is api/scalar_tasks/ at the app's web address on Heroku, or
    hirefire with --format hirefire; with a token alone, the first that answers.
    URL may contain user:password@. The URL of a broker (redis, rediss, amqp, amqps)
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
    print_registration("Registered", done)
    if heroku_key:
        warn_of_plain_text(tools)


@click.command("move-app")
@click.argument("name")
@address_options
@with_tools
def move_app(tools: Tools, name: str, *, wanted: Wanted, no_check: bool) -> None:
    """Change the URL, format or token of the app NAME; its policies stay.

    The address is replaced as a whole. Takes the same options as add-app.
    """
    has_key = bool(tools.settings.heroku_api_key)
    done = move(tools.parts, name, wanted, check=not no_check, has_key=has_key)
    print_registration("Moved", done)


@click.command("rename-app")
@click.argument("old")
@click.argument("new")
@with_tools
def rename_app(tools: Tools, old: str, new: str) -> None:
    """Follow the app OLD, which Heroku calls NEW now; its policies and events stay.

    Workers follow a new name by themselves when they hear of it. The same name twice
    accepts the app that has it now, after it was deleted and created again.
    """
    done = rename(tools.parts, old, new)
    print_registration("Registered", done)


@click.command("del-app")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_tools
def del_app(tools: Tools, name: str, *, yes: bool) -> None:
    """Remove the app NAME. Its dynos and its events stay."""
    queries.app_key(tools.parts, name)
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(
            "Cannot ask for confirmation without a terminal. Use --yes to remove it"
        )
    if not yes:
        click.confirm(
            f"Remove {name}? Its dynos stay as they are", abort=True, err=True
        )
    problem = remove(tools.parts, name)
    if problem:
        note(f"Note: {problem}. What is stored of {name} there expires in a week.")
    click.echo(f"Removed {name}")


@click.command("list-apps")
@click.option("--failing", is_flag=True, help="Only what fails, since when, and why.")
@json_option
@with_tools
def list_apps(tools: Tools, *, failing: bool, as_json: bool) -> None:
    """List the registered apps, each with its state."""
    if failing:
        now, found = what_fails(tools.parts)
        if as_json:
            print_json(failing_as_data(found))
        else:
            print_failing(found, now)
        return
    fleet = queries.fleet(tools.parts)
    note_state_problem(fleet)
    if as_json:
        print_json(fleet_as_data(fleet))
    else:
        print_fleet(fleet)


@click.command("show-app")
@click.argument("name")
@json_option
@with_tools
def show_app(tools: Tools, name: str, *, as_json: bool) -> None:
    """Show the app NAME: URL, dynos as last read, policies, what holds it."""
    details = queries.app_details(tools.parts, name)
    note_state_problem(details)
    if as_json:
        print_json(details_as_data(details))
    else:
        print_details(details)

"""Heroku keys of single apps, for apps of other Heroku accounts."""

from __future__ import annotations

from typing import Any

import click

from scalar.cli.output import note
from scalar.cli.secret_input import ASK, ask_or_take
from scalar.cli.tools import Tools, with_tools
from scalar.core.errors import InvalidInput
from scalar.core.heroku_key import SHARED_KEY, read_key
from scalar.core.secret import Secret
from scalar.service import credentials

VARIABLE = "SCALAR_APP_HEROKU_KEY"


def _read(_context: click.Context, _parameter: Any, typed: str | None) -> Secret:
    """Return the key, prompting for it without echo if `-` was typed."""
    if typed is None:
        return SHARED_KEY
    text = ask_or_take(typed, "Heroku key")
    if not text:
        raise InvalidInput("The Heroku key is empty")
    return read_key(text)


heroku_key_option = click.option(
    "--heroku-key",
    envvar=VARIABLE,
    is_flag=False,
    flag_value=ASK,
    callback=_read,
    help="The app's own Heroku API key, if it is scaled by another account; - asks "
    f"for it, or reads it from standard input. Also {VARIABLE}.",
)


def warn_of_plain_text(tools: Tools) -> None:
    """Warn if a key that was just stored is not encrypted."""
    if not tools.settings.scalar_secret_key:
        note(
            "Note: the Heroku key is stored as plain text. Set SCALAR_SECRET_KEY to "
            "what `python cli.py make-secret-key` prints, then run encrypt-urls."
        )


@click.command("set-heroku-key")
@click.argument("name")
@click.argument("heroku_key", metavar="KEY", envvar=VARIABLE, callback=_read)
@click.option("--no-check", is_flag=True, help="Store it without asking Heroku.")
@with_tools
def set_heroku_key(
    tools: Tools, name: str, *, heroku_key: Secret, no_check: bool
) -> None:
    """Scale the app NAME with a Heroku API key of its own.

    Use - for KEY: it asks for the key, or reads it from standard input, so that it
    does not stay in the shell's history. Also SCALAR_APP_HEROKU_KEY.
    """
    credentials.set_heroku_key(tools.parts, name, heroku_key, check=not no_check)
    click.echo(f"{name} is scaled with its own key")
    warn_of_plain_text(tools)


@click.command("unset-heroku-key")
@click.argument("name")
@with_tools
def unset_heroku_key(tools: Tools, name: str) -> None:
    """Scale the app NAME with HEROKU_API_KEY again."""
    credentials.unset_heroku_key(tools.parts, name)
    click.echo(f"{name} is scaled with HEROKU_API_KEY")

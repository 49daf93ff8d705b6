"""The project's own set-up: the schema, and the key that encrypts secrets."""

from __future__ import annotations

import click
from cryptography.fernet import Fernet

from scalar.cli.output import counted, note
from scalar.cli.tools import Tools, with_tools
from scalar.core.errors import InvalidInput
from scalar.service.credentials import (
    bind_secrets,
    encrypt_secrets,
    unbind_secrets,
)


@click.command("initialise-project")
@with_tools
def initialise_project(tools: Tools) -> None:
    """Create the database's schema, or bring it up to date.

    Safe to run at any time; the release phase runs it. With BIND_SECRETS it also binds
    the secrets that were stored before to their apps, once.
    """
    before, after = tools.schema.upgrade()
    if tools.settings.bind_secrets:
        _bind(tools)
    if before == after:
        click.echo(f"The schema is up to date: version {after}")
    elif before is None:
        click.echo(f"Created the schema: version {after}")
    else:
        click.echo(f"Upgraded the schema: version {before} -> {after}")


@click.command("make-secret-key")
def make_secret_key() -> None:
    """Print a new key for SCALAR_SECRET_KEY."""
    click.echo(Fernet.generate_key().decode())


def _bind(tools: Tools) -> None:
    bound = bind_secrets(tools.parts)
    if bound:
        click.echo(f"Bound the secrets of {counted(bound, 'app')}")
    if bound is None and (unbound := tools.parts.secrets.unbound()):
        note(
            f"Note: secrets that are not bound are refused: {counted(unbound, 'app')}. "
            "Somebody else may have put them there. Enter them again with move-app or "
            "set-heroku-key."
        )


@click.command("encrypt-urls")
@click.option(
    "--unbind",
    is_flag=True,
    help="Store them as older versions do, before one is deployed again.",
)
@with_tools
def encrypt_urls(tools: Tools, *, unbind: bool) -> None:
    """Encrypt all registered URLs, tokens and Heroku keys.

    The first key of SCALAR_SECRET_KEY encrypts.

    To change the key: put the new one in front of the old one, separated by a
    comma, run this, then remove the old one. What is bound to its app stays bound.
    """
    if not tools.settings.scalar_secret_key:
        raise InvalidInput(
            "SCALAR_SECRET_KEY is not set. Create a key with: python cli.py "
            "make-secret-key"
        )
    if unbind:
        if tools.settings.bind_secrets:
            raise InvalidInput("BIND_SECRETS is set. Unset it first")
        urls = counted(unbind_secrets(tools.parts), "URL")
        click.echo(f"Encrypted {urls}, not bound to their apps")
        return
    urls = counted(encrypt_secrets(tools.parts), "URL")
    click.echo(f"Encrypted {urls} with the first key")

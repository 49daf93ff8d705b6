"""The project's own set-up: the schema, and the key that encrypts secrets."""

from __future__ import annotations

import click
from cryptography.fernet import Fernet

from scalar.cli.output import counted
from scalar.cli.tools import Tools, with_tools
from scalar.core.errors import InvalidInput
from scalar.service.credentials import encrypt_secrets


@click.command("initialise-project")
@with_tools
def initialise_project(tools: Tools) -> None:
    """Create the database's schema, or bring it up to date.

    Safe to run at any time; the release phase runs it.
    """
    before, after = tools.schema.upgrade()
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


@click.command("encrypt-urls")
@with_tools
def encrypt_urls(tools: Tools) -> None:
    """Encrypt all registered URLs, tokens and Heroku keys.

    The first key of SCALAR_SECRET_KEY encrypts.

    To change the key: put the new one in front of the old one, separated by a
    comma, run this, then remove the old one.
    """
    if not tools.settings.scalar_secret_key:
        raise InvalidInput(
            "SCALAR_SECRET_KEY is not set. Create a key with: python cli.py "
            "make-secret-key"
        )
    urls = counted(encrypt_secrets(tools.parts), "URL")
    click.echo(f"Encrypted {urls} with the first key")

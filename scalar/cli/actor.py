"""Who runs the command: for the journal, which keeps who ordered what."""

from __future__ import annotations

import getpass
import os
import socket

import click

from scalar.core.actor import Actor


def acting() -> Actor:
    """Return who runs this command, as far as the machine knows.

    On a one-off dyno the user has a made-up name; `SCALAR_USER` may say who it is.
    """
    context = click.get_current_context(silent=True)
    command = (context.info_name or "") if context else ""
    user = os.environ.get("SCALAR_USER", "").strip() or _login()
    return Actor(_plain(user), command, _plain(os.environ.get("DYNO") or _host()))


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _host() -> str:
    try:
        return socket.gethostname()
    except OSError:
        return ""


def _plain(text: str) -> str:
    """Return a name that fits on a line."""
    return "".join(c if c.isprintable() else "?" for c in text)[:60]

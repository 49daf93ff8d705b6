"""Read secrets: from an option, a prompt without echo, or a pipe."""

from __future__ import annotations

import sys

import click

#: Typed as the value of an option, it prompts or reads standard input.
ASK = "-"


def ask_or_take(typed: str, prompt: str) -> str:
    """Return the value of an option; prompt or read a pipe if it is `-`."""
    if typed != ASK:
        return typed
    if sys.stdin.isatty():
        secret: str = click.prompt(prompt, hide_input=True, err=True)
        return secret
    return sys.stdin.readline().strip()

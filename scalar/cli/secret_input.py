"""Secrets that are typed: asked for without showing them, or read from a pipe."""

from __future__ import annotations

import sys

import click

#: What asks for a secret, or reads it from standard input.
ASK = "-"


def ask_or_take(typed: str, prompt: str) -> str:
    """Return the secret that was typed for an option, or asked for instead of it."""
    if typed != ASK:
        return typed
    if sys.stdin.isatty():
        said: str = click.prompt(prompt, hide_input=True, err=True)
        return said
    return sys.stdin.readline().strip()

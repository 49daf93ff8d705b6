"""The address of an app, as `add-app` and `move-app` take and print it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from scalar.cli.output import note
from scalar.cli.secret_input import ASK, ask_or_take
from scalar.core.counts_address import read_queues
from scalar.core.errors import InvalidInput
from scalar.core.reading import Form, Reading, Unknown
from scalar.core.secret import NO_SECRET, Secret
from scalar.service.registration import Registration, Wanted


def address_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add URL and its options to a command, which gets them as `wanted`."""

    @click.argument("url", required=False)
    @click.option(
        "--format",
        "form",
        type=click.Choice([form.value for form in Form]),
        help="The format of the app's answer; celery for a broker. By default it is "
        "detected from the URL, then from the answer.",
    )
    @click.option(
        "--token",
        envvar="SCALAR_APP_TOKEN",
        is_flag=False,
        flag_value=ASK,
        help="The token of the app's agent; - asks for it, or reads it from standard "
        "input. Also SCALAR_APP_TOKEN.",
    )
    @click.option(
        "--queues",
        multiple=True,
        metavar="PROCESS_TYPE=QUEUE[,QUEUE]",
        help="For a broker: the queues that a process type's workers read. May be "
        "repeated.",
    )
    @click.option(
        "--no-check", is_flag=True, help="Ask neither Heroku nor the URL first."
    )
    @functools.wraps(command)
    def run(
        *args: Any,
        url: str | None,
        form: str | None,
        token: str | None,
        queues: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        wanted = Wanted(
            url, Form(form) if form else None, _secret(token), read_queues(queues)
        )
        return command(*args, wanted=wanted, **kwargs)

    return run


def print_registration(what: str, done: Registration) -> None:
    """Print what was registered, what it answered, and what to know about it."""
    click.echo(f"{what} {done.app.name}: {done.app.address.described()}")
    if done.found is not None:
        click.echo(f"Found: {_found(done)}")
    for text in done.notes:
        note(f"Note: {text}.")


def _secret(typed: str | None) -> Secret:
    """Return the token, prompting for it without echo if `-` was typed."""
    if typed is None:
        return NO_SECRET
    typed = ask_or_take(typed, "Token")
    if not typed:
        raise InvalidInput("The token is empty")
    if "://" in typed:
        raise InvalidInput(
            "--token took a URL for its value. Put --token last, or use --token -"
        )
    return Secret(typed)


def _found(done: Registration) -> str:
    readings = done.found or {}
    parts = [f"{name} {_count(reading)}" for name, reading in sorted(readings.items())]
    return f"{', '.join(parts) or 'no process types'}, {_form(done)}"


def _count(reading: Reading) -> str:
    count = reading.count
    if isinstance(count, Unknown):
        return f"unknown ({count.detail})" if count.detail else "unknown"
    return f"{count:g}" if isinstance(count, float) else str(count)


def _form(done: Registration) -> str:
    """Return the format of the answer in a few words."""
    readings = (done.found or {}).values()
    if done.app.address.form is Form.CELERY:
        return "measured at the broker"
    if any(reading.is_ambiguous for reading in readings):
        return "in HireFire's format"
    parts = [(r.latency, r.busy, r.next_eta) for r in readings]
    is_rich = any(part is not None for some in parts for part in some)
    return "in the agent's format" if is_rich else "in the plain format"

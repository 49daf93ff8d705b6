"""Policies: set and unset values, pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from scalar.cli.output import note, shown_time
from scalar.cli.pause_times import end_of_pause
from scalar.cli.tools import Tools, with_tools
from scalar.core.app_state import WHOLE_APP
from scalar.core.policy.values import PAUSES, VALUES, PolicyValue, read_value
from scalar.service import policies

SETTABLE = tuple(value for value in VALUES if value.name not in PAUSES)


force_option = click.option(
    "--force", is_flag=True, help="Also for a process type that the app does not have."
)


def _with_value_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option for each value of a policy."""
    for value in reversed(SETTABLE):
        command = click.option(
            value.option, value.name, metavar="VALUE", help=_help(value)
        )(command)
    return command


def _help(value: PolicyValue) -> str:
    return f"{value.meaning[0].upper()}{value.meaning[1:]}.".replace("`", "")


@click.command("set-policy")
@click.argument("name")
@click.argument("process_type", default=WHOLE_APP)
@_with_value_options
@force_option
@with_tools
def set_policy(
    tools: Tools, name: str, process_type: str, *, force: bool, **texts: str | None
) -> None:
    """Set how the app NAME, or its PROCESS_TYPE alone, is scaled.

    Each value set for a process type overrides the app's, and each value of the app
    overrides the environment.
    """
    put = {key: text.strip() for key, text in texts.items() if text is not None}
    if not put:
        raise click.UsageError("Set at least one value, such as --max 10")
    for key, text in put.items():
        read_value(key, text)
    policies.set_policy(tools.parts, name, process_type, put, force=force)
    shown = ", ".join(f"{key} = {text}" for key, text in put.items())
    click.echo(f"Set for {_target(name, process_type)}: {shown}")


@click.command("unset-policy")
@click.argument("name")
@click.argument("process_type", default=WHOLE_APP)
@click.option("--value", "names", multiple=True, help="A value's name; repeatable.")
@click.option("--all", "every", is_flag=True, help="All values that are set there.")
@with_tools
def unset_policy(
    tools: Tools, name: str, process_type: str, names: tuple[str, ...], *, every: bool
) -> None:
    """Unset values that were set for the app NAME or its PROCESS_TYPE."""
    if every == bool(names):
        raise click.UsageError("Name values with --value, or use --all")
    wanted = None if every else [key.replace("-", "_") for key in names]
    done = policies.unset_policy(tools.parts, name, process_type, wanted)
    click.echo(f"Unset for {_target(name, process_type)}: {', '.join(done.names)}")


@click.command("pause-app")
@click.argument("name", required=False)
@click.argument("process_type", default=WHOLE_APP)
@click.option("--all", "every", is_flag=True, help="All apps, at once.")
@click.option("--reason", default="", help="Why, with --all; `status` shows it.")
@click.option("--up", is_flag=True, help="Scaling up only.")
@click.option("--down", is_flag=True, help="Scaling down only.")
@click.option("--for", "span", metavar="TIME", help="How long, such as 2h.")
@click.option("--until", metavar="TIME", help="Until 18:00, or 2026-12-24T18:00.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of --until.")
@force_option
@with_tools
def pause_app(  # noqa: PLR0917 - Click passes them by name
    tools: Tools,
    name: str | None,
    process_type: str,
    reason: str,
    span: str | None,
    until: str | None,
    zone: str,
    *,
    every: bool,
    up: bool,
    down: bool,
    force: bool,
) -> None:
    """Stop scaling the app NAME, or its PROCESS_TYPE, for a time or for good.

    It is still evaluated and logged. A pause with an end ends by itself. With --all,
    no app is scaled any more, at once; pauses of single apps stay beside it.
    """
    if span and until:
        raise click.UsageError("Use --for or --until, not both")
    end = end_of_pause(tools.parts.clock.now(), span, until, zone)
    _name_or_all(name, every=every)
    if name is None:
        pause = policies.pause_all(tools.parts, end, reason, up=up, down=down)
        click.echo(f"{str(pause)[0].upper()}{str(pause)[1:]}")
        return
    if reason:
        raise click.UsageError("--reason goes with --all")
    done = policies.pause(
        tools.parts, name, process_type, end, up=up, down=down, force=force
    )
    what = " and ".join(key.removeprefix("pause_") for key in done.names)
    shown = "it is resumed" if end is None else f"{shown_time(end)} UTC"
    click.echo(f"Paused {_target(name, process_type)}, {what}, until {shown}")


@click.command("resume-app")
@click.argument("name", required=False)
@click.argument("process_type", default=WHOLE_APP)
@click.option("--all", "every", is_flag=True, help="All apps that --all has paused.")
@click.option("--up", is_flag=True, help="Scaling up only.")
@click.option("--down", is_flag=True, help="Scaling down only.")
@with_tools
def resume_app(
    tools: Tools,
    name: str | None,
    process_type: str,
    *,
    every: bool,
    up: bool,
    down: bool,
) -> None:
    """Scale the app NAME, or its PROCESS_TYPE, again; or all apps, with --all.

    Without a process type, the pauses of its process types end as well. A change
    by hand that is left alone for a while (manual_lease) is so no longer.
    """
    _name_or_all(name, every=every)
    if name is None:
        if policies.resume_all(tools.parts, up=up, down=down) is None:
            note("Note: the apps were not paused with --all.")
        click.echo("Resumed all apps; pauses of single apps stay")
        return
    target = _target(name, process_type)
    if not policies.resume(tools.parts, name, process_type, up=up, down=down):
        note(f"Note: {target} was not paused.")
    click.echo(f"Resumed {target}")


def _name_or_all(name: str | None, *, every: bool) -> None:
    """Raise `UsageError` unless either a name or --all was said."""
    if every == bool(name):
        raise click.UsageError("Name one app, or use --all")


def _target(name: str, process_type: str) -> str:
    return f"{name} {process_type}".rstrip()

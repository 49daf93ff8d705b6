"""Policies: set values and take them away, pause and resume."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from scalar.bootstrap import Toolbox
from scalar.cli.shared import note, shown_time, with_tools
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import CoordinationError, InvalidInput
from scalar.core.policy.values import (
    PAUSES,
    VALUES,
    PolicyValue,
    read_duration,
    read_value,
)
from scalar.service.policies import (
    change_policy,
    check_process_type,
    directions,
    pauses,
)

SETTABLE = tuple(value for value in VALUES if value.name not in PAUSES)


def _with_value_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option for each value of a policy."""
    for value in reversed(SETTABLE):
        command = click.option(
            value.option, value.name, metavar="VALUE", help=_help(value)
        )(command)
    return command


def _help(value: PolicyValue) -> str:
    return f"{value.meaning[0].upper()}{value.meaning[1:]}.".replace("`", "")


@click.command("set-policy")
@click.argument("name")
@click.argument("process_type", required=False)
@_with_value_options
@with_tools
def set_policy(
    tools: Toolbox, name: str, process_type: str | None, **texts: str | None
) -> None:
    """Set how the app NAME, or its PROCESS_TYPE alone, may be scaled.

    What is set for a process type wins over what is set for its app, and that
    over the environment, value by value.
    """
    put = {key: text.strip() for key, text in texts.items() if text is not None}
    if not put:
        raise click.UsageError("Name at least one value, such as --max 10")
    for key, text in put.items():
        read_value(key, text)
    _change(tools, name, process_type, put=put)
    shown = ", ".join(f"{key} = {text}" for key, text in put.items())
    click.echo(f"Set for {_whom(name, process_type)}: {shown}")
    _warn_if_unknown(tools, name, process_type)


@click.command("unset-policy")
@click.argument("name")
@click.argument("process_type", required=False)
@click.option("--value", "names", multiple=True, help="A value's name; repeatable.")
@click.option("--all", "every", is_flag=True, help="All values that are set there.")
@with_tools
def unset_policy(
    tools: Toolbox,
    name: str,
    process_type: str | None,
    names: tuple[str, ...],
    *,
    every: bool,
) -> None:
    """Take away values that were set for the app NAME or its PROCESS_TYPE."""
    if every == bool(names):
        raise click.UsageError("Name values with --value, or say --all")
    where = process_type or WHOLE_APP
    stored = tools.registry.get(name).policies.get(where, {})
    wanted = [key for key in stored if key not in PAUSES] if every else list(names)
    wanted = [key.replace("-", "_") for key in wanted]
    missing = [key for key in wanted if key not in stored]
    if missing or not wanted:
        what = ", ".join(missing) or "nothing"
        there = ", ".join(stored) or "no value"
        raise InvalidInput(
            f"{_whom(name, process_type)}: cannot take away {what}; there is {there}"
        )
    _change(tools, name, process_type, remove=wanted)
    click.echo(f"Took away from {_whom(name, process_type)}: {', '.join(wanted)}")


@click.command("pause-app")
@click.argument("name")
@click.argument("process_type", required=False)
@click.option("--up", is_flag=True, help="Scaling up only.")
@click.option("--down", is_flag=True, help="Scaling down only.")
@click.option("--for", "span", metavar="TIME", help="For so long, such as 2h.")
@click.option("--until", metavar="TIME", help="Until 18:00, or 2026-12-24T18:00.")
@click.option("--zone", default="UTC", show_default=True, help="Whose 18:00 it is.")
@with_tools
def pause_app(  # noqa: PLR0917 - Click passes them by name
    tools: Toolbox,
    name: str,
    process_type: str | None,
    span: str | None,
    until: str | None,
    zone: str,
    *,
    up: bool,
    down: bool,
) -> None:
    """Leave the app NAME, or its PROCESS_TYPE, as it is, for a time or for good.

    It is still evaluated and logged. A pause with an end ends by itself.
    """
    if span and until:
        raise click.UsageError("Say --for or --until, not both")
    end = _end(datetime.now(UTC), span, until, zone)
    put = pauses(end, up=up, down=down)
    _change(tools, name, process_type, put=put)
    what = " and ".join(key.removeprefix("pause_") for key in put)
    shown = "it is resumed" if end is None else f"{shown_time(end)} UTC"
    click.echo(f"Paused {_whom(name, process_type)}, {what}, until {shown}")
    _warn_if_unknown(tools, name, process_type)


@click.command("resume-app")
@click.argument("name")
@click.argument("process_type", required=False)
@click.option("--up", is_flag=True, help="Scaling up only.")
@click.option("--down", is_flag=True, help="Scaling down only.")
@with_tools
def resume_app(
    tools: Toolbox, name: str, process_type: str | None, *, up: bool, down: bool
) -> None:
    """Let the app NAME, or its PROCESS_TYPE, be scaled again.

    Without a process type, pauses of its process types end as well.
    """
    names = directions(up=up, down=down)
    if process_type:
        check_process_type(process_type)
    app = tools.registry.get(name)
    places = [process_type] if process_type else [WHOLE_APP, *app.policies]
    paused = [
        place
        for place in dict.fromkeys(places)
        if set(names) & set(app.policies.get(place, {}))
    ]
    for place in paused:
        _change(tools, name, place, remove=names)
    if not paused:
        note(f"Note: {_whom(name, process_type)} was not paused.")
    click.echo(f"Resumed {_whom(name, process_type)}")


def _change(tools: Toolbox, name: str, process_type: str | None, **change: Any) -> None:
    where = process_type or WHOLE_APP
    change_policy(tools.registry, tools.policies, name, where, **{"put": {}, **change})


def _whom(name: str, process_type: str | None) -> str:
    return f"{name} {process_type}" if process_type else name


def _warn_if_unknown(tools: Toolbox, name: str, process_type: str | None) -> None:
    """Say so if Heroku, as last heard of, has no such process type."""
    try:
        app_id = tools.registry.app_key(name).id
        memory = tools.coordinator.recall([app_id]).get(app_id)
    except CoordinationError:
        return
    formation = memory.formation if memory else None
    if process_type and formation and process_type not in formation:
        known = ", ".join(sorted(formation))
        note(f"Note: {name} has no process type {process_type}; it has {known}.")


def _end(
    now: datetime, span: str | None, until: str | None, zone: str
) -> datetime | None:
    if span is not None:
        try:
            return now + read_duration(span)
        except InvalidInput as exc:
            raise InvalidInput(f"--for {span}: {exc}") from exc
    if until is None:
        return None
    return read_until(until, zone, now)


def read_until(text: str, zone: str, now: datetime) -> datetime:
    """Return the next time that a clock shows `18:00`, or a day's time.

    Args:
        text: `18:00`, or `2026-12-24T18:00`, with or without an offset.
        zone: Whose clock, if the text has no offset.
        now: The time (aware).

    Raises:
        InvalidInput: It is neither, it is over, or the zone is unknown.
    """
    try:
        place = ZoneInfo(zone)
    except (ValueError, LookupError, OSError) as exc:
        raise InvalidInput(
            f"--zone {zone}: must name a time zone such as Europe/Berlin or UTC"
        ) from exc
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        return _moment(text, place, now)
    local = now.astimezone(place)
    today = datetime.combine(local.date(), clock, tzinfo=place)
    end = today if today > local else today + timedelta(days=1)
    return end.astimezone(UTC)


def _moment(text: str, place: ZoneInfo, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(
            f"--until {text}: must be a time such as 18:00 or 2026-12-24T18:00"
        ) from exc
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=place)
    if moment <= now:
        raise InvalidInput(f"--until {text}: is over already")
    return moment.astimezone(UTC)

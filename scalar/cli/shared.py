"""What several commands need: the parts, and the two ways to print."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from scalar.bootstrap import Toolbox
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.errors import CoordinationError, SecretUnreadable
from scalar.core.policy.policy import Policy
from scalar.start import settings_or_exit

#: In the place of an address that cannot be decrypted.
UNREADABLE = "(encrypted with another key)"
#: Of an app that is not scaled with HEROKU_API_KEY.
OWN_KEY = "own key"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_tools(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the parts as its first argument."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        return command(Toolbox(settings_or_exit()), *args, **kwargs)

    return run


def print_json(data: Any) -> None:
    """Print data for machines."""
    click.echo(json.dumps(data, indent=2, default=_plain, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows for people, in columns as wide as their widest cell."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [
        max(len(line[place]) for line in [list(head), *cells])
        for place in range(len(head))
    ]
    for line in [list(head), *cells]:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def note(text: str) -> None:
    """Print a remark, beside the data, to standard error."""
    click.echo(text, err=True)


def shown_time(moment: datetime | None) -> str:
    """Return a time for people, in UTC."""
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def recall(tools: Toolbox, ids: list[int]) -> dict[int, Memory] | None:
    """Return what is remembered of apps; None if Redis cannot tell."""
    try:
        return tools.coordinator.recall(ids)
    except CoordinationError as exc:
        note(f"Note: the state is not known: {exc}.")
        return None


def state_of(memories: dict[int, Memory] | None, app_id: int) -> str:
    """Return an app's state in a few words."""
    if memories is None:
        return "unknown"
    memory = memories.get(app_id)
    if memory is None:
        return "not polled yet"
    whole = memory.holds.get(WHOLE_APP)
    if whole:
        rest = f", polled every {memory.rest:.0f} s" if memory.rest else ""
        return f"held: {whole.reason} since {shown_time(whole.since)} UTC{rest}"
    if memory.holds:
        held = ", ".join(
            f"{name} ({hold.reason})" for name, hold in sorted(memory.holds.items())
        )
        return f"held in part: {held}"
    return "ok"


def standing_of(tools: Toolbox, app: RegisteredApp | None) -> str:
    """Return what a person has ordered: `, paused`, `, dry run`, or nothing."""
    if app is None:
        return ""
    now = datetime.now(UTC)
    policies = {
        process_type: policy
        for process_type in (WHOLE_APP, *app.policies)
        if isinstance(policy := tools.policies.of(app, process_type), Policy)
    }
    paused = {name for name, policy in policies.items() if _is_paused(policy, now)}
    dry = {name for name, policy in policies.items() if policy.dry_run}
    return _ordered("paused", paused) + _ordered("dry run", dry)


def _is_paused(policy: Policy, now: datetime) -> bool:
    ends = (policy.pause_up, policy.pause_down)
    return any(end is not None and now < end for end in ends)


def _ordered(what: str, where: set[str]) -> str:
    """Return `, paused` for a whole app, `, paused: worker` for some of it."""
    if not where:
        return ""
    return (
        f", {what}" if WHOLE_APP in where else f", {what}: {', '.join(sorted(where))}"
    )


def readable_app(tools: Toolbox, name: str) -> RegisteredApp | None:
    """Return an app; None if it is encrypted with another key."""
    try:
        return tools.registry.get(name)
    except SecretUnreadable:
        return None


def described(app: RegisteredApp | None) -> str:
    """Return an app's address as it may be printed, for people."""
    return UNREADABLE if app is None else app.address.described()


def shown_address(app: RegisteredApp | None) -> dict[str, Any]:
    """Return an app's address as it may be printed, for machines."""
    if app is None:
        return {"url": UNREADABLE, "format": None, "queues": {}}
    return {
        "url": app.address.shown(),
        "format": app.address.form.value,
        "queues": app.address.queues,
    }


def shown_key(app: RegisteredApp | None) -> str:
    """Return which Heroku key an app is scaled with, in two words."""
    if app is None:
        return "unknown"
    return OWN_KEY if app.heroku_key else "shared key"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""`show-app`: one app, with all that decides how it is scaled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from scalar.bootstrap import Toolbox
from scalar.cli.shared import (
    OWN_KEY,
    json_option,
    print_json,
    readable_app,
    recall,
    shown_address,
    shown_key,
    shown_time,
    standing_of,
    state_of,
    with_tools,
)
from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.counts_address import shown_queues
from scalar.core.errors import InvalidInput
from scalar.core.policy.resolve import DEFAULT
from scalar.core.policy.values import PAUSES, UNTIL_RESUMED, read_value
from scalar.core.reading import Form
from scalar.core.reason import Cause


@click.command("show-app")
@click.argument("name")
@json_option
@with_tools
def show_app(tools: Toolbox, name: str, *, as_json: bool) -> None:
    """Show the app NAME: URL, dynos as last heard of, policies, what holds it."""
    key = tools.registry.app_key(name)
    memories = recall(tools, [key.id])
    memory = (memories or {}).get(key.id, Memory())
    app = readable_app(tools, name)
    facts: dict[str, Any] = {
        "name": key.name,
        **shown_address(app),
        "heroku_key": shown_key(app),
        "state": state_of(memories, key.id) + standing_of(tools, app),
        "formation_read_at": memory.read_at,
        "formation": {
            process_type: {
                "quantity": row.quantity,
                "size": row.size,
                "limit": memory.limits.get(process_type),
            }
            for process_type, row in sorted((memory.formation or {}).items())
        },
        "policies": _policies(tools, app, memory),
        "holds": [
            {
                "process_type": process_type or None,
                "reason": hold.reason.value,
                "since": hold.since,
                "times": hold.times,
                "detail": hold.detail,
            }
            for process_type, hold in sorted(memory.holds.items())
        ],
    }
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _policies(
    tools: Toolbox, app: RegisteredApp | None, memory: Memory
) -> dict[str, Any]:
    """Return the policy of each process type, each value with its origin."""
    if app is None:
        return {}
    process_types = {*app.policies, *(memory.formation or {})} - {WHOLE_APP}
    return {
        process_type or "(app)": _policy(tools, app, process_type)
        for process_type in (WHOLE_APP, *sorted(process_types))
    }


def _policy(tools: Toolbox, app: RegisteredApp, process_type: str) -> dict[str, Any]:
    values = {
        setting.name: {"value": setting.text, "from": setting.origin}
        for setting in tools.policies.settings(app, process_type)
    }
    policy = tools.policies.of(app, process_type)
    problem = policy.detail if isinstance(policy, Cause) else None
    if problem is None:
        values.setdefault("boundary", {"value": "0", "from": DEFAULT})
    return {"problem": problem, "values": values}


def _print(facts: dict[str, Any]) -> None:
    for label in ("name", "url", "state"):
        click.echo(f"{label + ':':10}{facts[label]}")
    if facts["format"] not in (None, Form.AUTO):
        click.echo(f"format:   {facts['format']}")
    if facts["queues"]:
        click.echo(f"queues:   {shown_queues(facts['queues'])}")
    if facts["heroku_key"] == OWN_KEY:
        click.echo(f"heroku:   {OWN_KEY}")
    _print_formation(facts)
    for process_type, policy in facts["policies"].items():
        click.echo(f"policy:   {process_type}")
        if policy["problem"]:
            click.echo(f"  does not hold: {policy['problem']}")
        for name, value in policy["values"].items():
            text = _shown_value(name, value["value"])
            click.echo(f"  {name:<20} {text:<24}  from {value['from']}")
    for hold in facts["holds"]:
        click.echo(
            f"held:     {hold['process_type'] or 'the whole app'}, {hold['reason']}, "
            f"{hold['times']} times since {shown_time(hold['since'])} UTC: "
            f"{hold['detail']}"
        )


def _shown_value(name: str, text: str) -> str:
    """Return a value in one line; the end of a pause as people read times."""
    if name not in PAUSES:
        return " ".join(text.split())
    try:
        end = read_value(name, text)
    except InvalidInput:
        return text
    if end == UNTIL_RESUMED:
        return "until it is resumed"
    over = " (over)" if end <= datetime.now(UTC) else ""
    return f"until {shown_time(end)} UTC{over}"


def _print_formation(facts: dict[str, Any]) -> None:
    if not facts["formation"]:
        click.echo("dynos:    not read yet")
        return
    read_at = shown_time(facts["formation_read_at"])
    click.echo(f"dynos:    as read at {read_at} UTC, or changed by us since")
    for process_type, row in facts["formation"].items():
        limit = "" if row["limit"] is None else f", Heroku allows {row['limit']}"
        click.echo(f"  {process_type}: {row['quantity']} {row['size']}{limit}")

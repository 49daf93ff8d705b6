"""Who set each value of a policy, and the pause of all apps, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from scalar.core.actor import Actor, Mark
from scalar.core.policy.fleet_pause import FleetPause


def dump_marks(marks: Mapping[str, Mark]) -> str | None:
    """Return marks as JSON: value name to user, command, host and time."""
    data = {
        name: [mark.by.user, mark.by.command, mark.by.host, mark.at.isoformat()]
        for name, mark in marks.items()
    }
    return json.dumps(data, separators=(",", ":")) if data else None


def load_marks(text: str | None) -> Mapping[str, Mark]:
    """Return the marks in a text; none where it cannot be read."""
    try:
        data = json.loads(text) if text else {}
        return {
            str(name): Mark(
                Actor(str(user), str(command), str(host)), datetime.fromisoformat(at)
            )
            for name, (user, command, host, at) in data.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def dump_pause(pause: FleetPause) -> str:
    """Return a pause of all apps as JSON."""
    data = asdict(pause)
    return json.dumps(data, default=datetime.isoformat, separators=(",", ":"))


def load_pause(text: str | None) -> FleetPause | None:
    """Return the pause in a text.

    What cannot be read pauses all apps: somebody has ordered it.
    """
    if not text:
        return None
    try:
        data = json.loads(text)
        return FleetPause(
            since=datetime.fromisoformat(data["since"]),
            until=datetime.fromisoformat(data["until"]),
            by=Actor(**data["by"]),
            why=str(data["why"]),
            up=bool(data["up"]),
            down=bool(data["down"]),
        )
    except (ValueError, TypeError, LookupError):
        return FleetPause(since=datetime.min.replace(tzinfo=UTC), why="(unreadable)")

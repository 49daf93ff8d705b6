"""Who set each value of a policy, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from scalar.core.actor import Actor, Mark


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

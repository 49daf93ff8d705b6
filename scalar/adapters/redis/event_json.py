"""Serialize events, for Redis."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from scalar.core.event import Event, EventKind
from scalar.core.reason import Reason

MEMBERS = tuple(one.name for one in fields(Event))


def dump(event: Event) -> str:
    """Return an event as JSON; one without facts as older versions expect it."""
    data = _members(event)
    if not event.facts:
        del data["facts"]
    return json.dumps(data, default=datetime.isoformat, separators=(",", ":"))


def load(text: str) -> Event:
    """Return the event in a text; raises one of `memory_json.UNREADABLE`."""
    return from_data(json.loads(text))


def without_id(event: Event) -> dict[str, Any]:
    """Return an event as data that versions without ids and facts can read."""
    data = _members(event)
    del data["id"], data["facts"]
    return data


def _members(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in MEMBERS}


_encode = json.JSONEncoder(default=datetime.isoformat, separators=(",", ":")).encode


def from_data(data: dict[str, Any]) -> Event:
    """Return the event in data; raises one of `memory_json.UNREADABLE`."""
    at = datetime.fromisoformat(data["at"])
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return Event(
        **{
            **data,
            "at": at,
            "kind": EventKind(data["kind"]),
            "reason": Reason(data["reason"]),
        }
    )

"""Serialize an app's memory as JSON, for Redis.

A text that cannot be parsed, because an older or newer version wrote it, counts as an
empty memory: the next evaluation then reads the formation again. Changes in doubt are
read from a newer version's text, too, if they still have this shape.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from scalar.adapters.redis import event_json
from scalar.core.app_state import (
    NOTHING,
    Absent,
    Hold,
    Memory,
    Past,
    Refusal,
    Stopped,
)
from scalar.core.drain_time import Drained
from scalar.core.event import Event, identified
from scalar.core.formation import ProcessType
from scalar.core.reason import Cause, Reason
from scalar.core.recommendation_window import Slice

#: Incremented when older code could not read a new shape.
VERSION = 1
#: What parsing a text of another shape may raise.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def dump(memory: Memory, server: str = "") -> str:
    """Return the memory as JSON, without empty members.

    Args:
        memory: What to remember.
        server: The Redis server that stores it, as `Lease` names it.
    """
    whole: dict[str, Any] = {
        "formation": _formation(memory),
        "read_at": memory.read_at,
        "limits": dict(memory.limits),
        "reported": sorted(memory.reported),
        "holds": {name: _members(hold) for name, hold in memory.holds.items()},
        "absent": {
            name: [gone.row.quantity, gone.row.size, gone.since]
            for name, gone in memory.absent.items()
        },
        "refusal": memory.refusal and _dumped_refusal(memory.refusal),
        "refusals": {
            name: _dumped_refusal(refusal) for name, refusal in memory.refusals.items()
        },
        "doubtful": memory.doubtful,
        "server": server,
        "slow": memory.slow,
        "unconfirmed": [event_json.without_id(e) for e in memory.unconfirmed],
        # Apart, because older versions cannot read an event with an id or facts.
        "unconfirmed_ids": _unless_empty([e.id for e in memory.unconfirmed]),
        "unconfirmed_facts": _unless_empty([e.facts for e in memory.unconfirmed]),
        "since": memory.since,
        "pasts": {name: _non_empty(past) for name, past in memory.pasts.items()},
        "released_at": memory.released_at,
        "unanswered": memory.unanswered,
        "rest": memory.rest,
        "stuck": memory.stuck,
        "maintenance_at": memory.maintenance_at,
        "leased_until": memory.leased_until,
        "platform_id": memory.platform_id,
        "counts": dict(memory.counts),
    }
    kept = {
        name: value
        for name, value in whole.items()
        if value or (name == "formation" and value is not None)
    }
    return _encode({"v": VERSION, **kept})


def load(text: str | bytes | None, server: str = "") -> Memory:
    """Return the memory in a text; an empty one if it cannot be parsed.

    It is doubtful if another server than the given one stored it.
    """
    if not text:
        return Memory()
    try:
        data = json.loads(text)
        memory = _load(data)
        is_other = bool(server) and data.get("server") != server
        return replace(memory, doubtful=True) if is_other else memory
    except UNREADABLE:
        return Memory()


def unwritten_events(text: str | bytes | None) -> tuple[Event, ...]:
    """Return the events that an older version kept in a memory for the journal."""
    if not text:
        return ()
    try:
        data = json.loads(text)
        return tuple(
            identified(event_json.from_data(event))
            for event in data.get("unwritten", ())
        )
    except UNREADABLE:
        return ()


def _load(data: dict[str, Any]) -> Memory:
    if data["v"] != VERSION:
        return Memory(unconfirmed=_unconfirmed(data))
    rows = data.get("formation")
    refusal = data.get("refusal")
    return Memory(
        formation=None
        if rows is None
        else {name: ProcessType(int(row[0]), row[1]) for name, row in rows.items()},
        read_at=_time(data.get("read_at")),
        limits={name: int(limit) for name, limit in data.get("limits", {}).items()},
        reported=frozenset(data.get("reported", ())),
        holds={name: _hold(hold) for name, hold in data.get("holds", {}).items()},
        absent={name: _gone(row) for name, row in data.get("absent", {}).items()},
        refusal=_refusal(refusal) if refusal else None,
        refusals={
            name: _refusal(one) for name, one in data.get("refusals", {}).items()
        },
        doubtful=bool(data.get("doubtful", False)),
        slow=bool(data.get("slow", False)),
        unconfirmed=_unconfirmed(data),
        since=_time(data.get("since")),
        pasts={name: _past(past) for name, past in data.get("pasts", {}).items()},
        released_at=_time(data.get("released_at")),
        unanswered=int(data.get("unanswered", 0)),
        rest=float(data.get("rest", 0.0)),
        stuck=bool(data.get("stuck", False)),
        maintenance_at=_time(data.get("maintenance_at")),
        leased_until=_time(data.get("leased_until")),
        platform_id=str(data.get("platform_id", "")),
        counts={name: _number(one) for name, one in data.get("counts", {}).items()},
    )


def _formation(memory: Memory) -> dict[str, tuple[int, str]] | None:
    if memory.formation is None:
        return None
    return {name: (row.quantity, row.size) for name, row in memory.formation.items()}


def _gone(row: list[Any]) -> Absent:
    quantity, size, since = row
    return Absent(ProcessType(int(quantity), size), _moment(since))


def _dumped_refusal(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal with its cause flattened, as older versions expect it."""
    data = asdict(refusal)
    return {**data.pop("cause"), **data}


def _non_empty(past: Past) -> dict[str, Any]:
    """Return the members that differ from their defaults; usually there are few."""
    return {
        name: value
        for name, value in _members(past).items()
        if value != getattr(NOTHING, name)
    }


def _members(one: Hold | Past | Slice | Drained) -> dict[str, Any]:
    """Return the members as they are: unlike `asdict`, without a copy of each."""
    return {name: getattr(one, name) for name in one.__slots__}


def _plain(value: Any) -> Any:
    """Return what is not JSON as something that is."""
    return value.isoformat() if isinstance(value, datetime) else _members(value)


_encode = json.JSONEncoder(default=_plain, separators=(",", ":")).encode


def _past(data: dict[str, Any]) -> Past:
    drained = data.get("drained")
    told = data.get("told")
    stopped = data.get("stopped")
    return Past(
        failures=int(data.get("failures", 0)),
        scaled_up_at=_time(data.get("scaled_up_at")),
        scaled_down_at=_time(data.get("scaled_down_at")),
        changed_by_hand_at=_time(data.get("changed_by_hand_at")),
        made_by_hand_at=_time(data.get("made_by_hand_at")),
        lease_is_sure=bool(data.get("lease_is_sure", False)),
        stopped=Stopped(stopped) if stopped else None,
        interrupted=bool(data.get("interrupted", False)),
        recommended_up=tuple(map(_slice, data.get("recommended_up", ()))),
        recommended_down=tuple(map(_slice, data.get("recommended_down", ()))),
        drained=_drained(drained) if drained else None,
        told=None if told is None else int(told),
        busy_since=_time(data.get("busy_since")),
        known_since=_time(data.get("known_since")),
    )


def _slice(data: dict[str, Any]) -> Slice:
    return Slice(
        _moment(data["since"]),
        _moment(data["until"]),
        int(data["lowest"]),
        int(data["highest"]),
    )


def _drained(data: dict[str, Any]) -> Drained:
    return Drained(
        _moment(data["at"]),
        _number(data["count"]),
        int(data["quantity"]),
        jobs=_number(data["jobs"]),
        dyno_seconds=_number(data["dyno_seconds"]),
        falls=int(data["falls"]),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def _hold(data: dict[str, Any]) -> Hold:
    since = _moment(data["since"])
    return Hold(**{**data, "reason": Reason(data["reason"]), "since": since})


def _refusal(data: dict[str, Any]) -> Refusal:
    until = _moment(data["until"])
    cause = Cause(Reason(data["reason"]), data["detail"])
    return Refusal(cause, until, int(data["times"]), int(data["revision"]))


def _unless_empty(texts: list[str]) -> list[str]:
    """Return the texts; nothing if all are empty."""
    return texts if any(texts) else []


def _unconfirmed(data: dict[str, Any]) -> tuple[Event, ...]:
    events = [event_json.from_data(event) for event in data.get("unconfirmed", ())]
    none = [""] * len(events)
    ids, facts = (data.get(f"unconfirmed_{what}", none) for what in ("ids", "facts"))
    return tuple(
        replace(event, id=str(one), facts=str(text))
        for event, one, text in zip(events, ids, facts, strict=True)
    )


def _moment(text: str) -> datetime:
    moment = _time(text)
    if moment is None:
        raise ValueError("a time is missing")
    return moment


def _time(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment

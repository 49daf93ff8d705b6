"""The facts of an event: all that explains it later, as one compact JSON text.

Of a change: the whole trail, what was known, and the policy values that applied, each
with its origin and who set it. Of an order: who gave it, and what was set before and
after. What is not known is left out, so that an event stays small for as long as the
journal keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scalar.core.actor import Actor
from scalar.core.app_state import NOTHING, Past
from scalar.core.decision.decision import Decision
from scalar.core.errors import InvalidInput
from scalar.core.formation import ProcessType
from scalar.core.policy.policy import Policy
from scalar.core.policy.resolve import Setting
from scalar.core.policy.values import PAUSES, read_value
from scalar.core.reading import Reading, Unknown

#: Longest text of one fact; a refusal of Heroku may be long.
MOST_TEXT = 200
#: Most numbers of busy dynos that are listed.
MOST_BUSY = 50
#: What the members of a step, and of a policy value, are called when they are read.
STEP = ("quantity", "reason", "detail")
VALUE = ("value", "from", "set_by", "set_at")

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Known:
    """What was known when a decision was made; None for what was not.

    Attributes:
        at: When it was made (aware, UTC).
        reading: What the app reported.
        answered_in: Seconds until the app had answered.
        row: The dynos of the process type.
        read_at: When the formation was read.
        released_at: When the app was last released, as last asked for.
        calls_left: Calls left of the Heroku account, as its last answer said.
        quiesced: Whether the dynos to be removed were first told to take no jobs.
        past: What is remembered of the process type.
    """

    at: datetime
    reading: Reading | None = None
    answered_in: float | None = None
    row: ProcessType | None = None
    read_at: datetime | None = None
    released_at: datetime | None = None
    calls_left: int | None = None
    quiesced: bool = False
    past: Past = NOTHING


def facts_of_decision(
    decision: Decision,
    known: Known,
    policy: Policy | None,
    settings: Iterable[Setting],
    redact: Redact,
) -> str:
    """Return the facts of a decision.

    Args:
        decision: The decision.
        known: What was known.
        policy: The policy; None if it is invalid.
        settings: Its values, with their origins.
        redact: Removes secrets from a text.
    """
    return _compact(
        {
            "trail": [
                [step.quantity, step.reason.value, _short(step.detail, redact)]
                for step in decision.trail
            ],
            "held": _short(decision.hold.detail, redact) if decision.hold else None,
            "recommended": decision.recommended,
            "known": _known(decision, known, redact),
            "policy": {
                setting.name: _value(setting, policy, known.at)
                for setting in settings
                if _applies(setting, known.at)
            },
            "notes": list(decision.notes),
        }
    )


def facts_of_order(
    by: Actor, before: Mapping[str, object], after: Mapping[str, object]
) -> str:
    """Return the facts of an order. Neither side may have a secret."""
    who = {"user": by.user, "command": by.command, "host": by.host}
    return _compact({"by": _without_empty(who), "before": before, "after": after})


def read_facts(text: str) -> dict[str, Any]:
    """Return facts as data with names for everything; empty if there are none."""
    try:
        facts = json.loads(text) if text else {}
        if not isinstance(facts, dict):
            return {}
        if "trail" in facts:
            facts["trail"] = [
                dict(zip(STEP, step, strict=False)) for step in facts["trail"]
            ]
        if "policy" in facts:
            facts["policy"] = {
                name: dict(zip(VALUE, parts, strict=False))
                for name, parts in facts["policy"].items()
            }
    except (ValueError, TypeError, AttributeError):
        return {}
    return facts


def _known(decision: Decision, known: Known, redact: Redact) -> dict[str, Any]:
    reading = known.reading
    facts: dict[str, Any] = {
        "dynos": decision.current,
        "size": known.row.size if known.row else None,
        "formation_age": _seconds(known.at, known.read_at),
        "released_at": _stamp(known.released_at),
        "calls_left": known.calls_left,
        "answered_ms": None
        if known.answered_in is None
        else round(known.answered_in * 1000),
        "quiesced": known.quiesced or None,
    }
    if reading is not None:
        facts |= {
            "count": _number(reading.count, redact),
            "latency": _number(reading.latency, redact),
            "busy": _busy(reading, redact),
            "next_eta": reading.next_eta,
            "stranded": reading.stranded or None,
        }
    return {**_without_none(facts), **_window(decision, known.past)}


def _window(decision: Decision, past: Past) -> dict[str, Any]:
    """Return the recommendation that kept dynos longest: how many, and until when."""
    current = decision.current or 0
    slices = past.recommended_down
    if not slices or decision.desired is None or decision.desired > current:
        return {}
    peak = max(slices, key=lambda one: (one.highest, one.until))
    return {"window_peak": [peak.highest, _stamp(peak.until)]}


def _number(value: object, redact: Redact) -> object:
    if isinstance(value, Unknown):
        return f"unknown: {_short(value.detail, redact) or value.reason}"
    return value


def _busy(reading: Reading, redact: Redact) -> object:
    if isinstance(reading.busy, frozenset):
        return sorted(reading.busy)[:MOST_BUSY]
    return _number(reading.busy, redact)


def _applies(setting: Setting, at: datetime) -> bool:
    """Return whether a value could matter: a pause that is over does not."""
    if setting.name not in PAUSES:
        return True
    try:
        end = read_value(setting.name, setting.text)
    except InvalidInput:
        return True
    return end is not None and (at < end or setting.name == "lease_ended")


def _value(setting: Setting, policy: Policy | None, at: datetime) -> list[str]:
    text = " ".join(setting.text.split())
    if setting.name == "schedule" and policy is not None and policy.schedule:
        window = policy.schedule.window_at(at)
        text = window.text if window else "no window open"
    parts = [text[:MOST_TEXT], setting.origin]
    if setting.mark:
        parts += [str(setting.mark.by), _stamp(setting.mark.at) or ""]
    return parts


def _short(text: str, redact: Redact) -> str:
    return redact(text)[:MOST_TEXT]


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _seconds(now: datetime, then: datetime | None) -> int | None:
    return (
        None if then is None else round(max(now - then, timedelta(0)).total_seconds())
    )


def _without_none(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact is not None}


def _without_empty(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact}


def _compact(facts: Mapping[str, Any]) -> str:
    kept = {n: f for n, f in facts.items() if f not in (None, [], {}, "")}
    return json.dumps(kept, separators=(",", ":"), default=str)

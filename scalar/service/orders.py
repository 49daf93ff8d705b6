"""The events of what people order: who, what was set before, and what is set now.

Each is written with the order itself, in one transaction. None has a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

from scalar.core.actor import Mark
from scalar.core.app import RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.decision.facts import facts_of_order
from scalar.core.event import ALL_APPS, Event, EventKind, event_id
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.policy.values import PAUSES
from scalar.core.reason import Reason
from scalar.core.secret import Secret
from scalar.service.parts import Parts

NOT_SET = "not set"
UNREADABLE = "(encrypted with another key)"
Values = Mapping[str, str]


def ordered(
    parts: Parts,
    app: str,
    kind: EventKind,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    process_type: str = "",
) -> Event:
    """Return the event of an order.

    Args:
        parts: The ports, with who orders it.
        app: The app's name, or `ALL_APPS`.
        kind: What was ordered.
        before: What was set before, by name.
        after: What is set now.
        process_type: The process type that it is for; empty for the whole app.
    """
    changes = (
        (name, before.get(name, NOT_SET), after.get(name, NOT_SET))
        for name in sorted({*before, *after})
    )
    what = ", ".join(
        f"{name}: {was} -> {now}"
        for name, was, now in changes
        if was != now and isinstance(was, str)
    )
    by, at = str(parts.actor), parts.clock.now()
    facts = facts_of_order(parts.actor, before, after)
    return Event(
        at=at,
        app=app,
        process_type=process_type or None,
        kind=kind,
        reason=Reason.ORDERED,
        detail="; ".join(text for text in (what, by and f"by {by}") if text),
        id=event_id(app, process_type, kind, at, facts),
        facts=facts,
    )


def mark(parts: Parts) -> Mark:
    """Return who sets something now."""
    return Mark(parts.actor, parts.clock.now())


def registered(
    parts: Parts, name: str, address: CountsAddress, heroku_key: Secret = SHARED_KEY
) -> Event:
    """Return the event of an app that is registered."""
    after = {"url": address.described(), "heroku_key": _shown_key(heroku_key)}
    return ordered(parts, name, EventKind.REGISTERED, {}, after)


def removed(parts: Parts, name: str, before: RegisteredApp | None) -> Event:
    """Return the event of an app that is removed; None: its row is unreadable."""
    facts: dict[str, object] = {"url": _shown_url(before)}
    if before is not None:
        facts["heroku_key"] = _shown_key(before.heroku_key)
        if before.policies:
            policies = {of or "(app)": dict(v) for of, v in before.policies.items()}
            facts["policies"] = policies
    return ordered(parts, name, EventKind.REMOVED, facts, {})


def moved(
    parts: Parts, name: str, before: RegisteredApp | None, after: CountsAddress
) -> Event:
    """Return the event of an app with another address, or another secret in it."""
    old, new = _shown_url(before), after.described()
    if old == new:
        new += " (another password or token)"
    return ordered(parts, name, EventKind.MOVED, {"url": old}, {"url": new})


def key_changed(
    parts: Parts, name: str, before: RegisteredApp | None, after: Secret
) -> Event:
    """Return the event of an app with another Heroku key."""
    old = UNREADABLE if before is None else _shown_key(before.heroku_key)
    new = _shown_key(after)
    if old == new and after:
        new = "another own key"
    facts = {"heroku_key": old}, {"heroku_key": new}
    return ordered(parts, name, EventKind.KEY_CHANGED, *facts)


def policy_changed(
    parts: Parts, name: str, process_type: str, before: Values, after: Values
) -> tuple[Event, ...]:
    """Return the events of a policy: its pauses, and its other values, if changed."""
    changed = {n for n in {*before, *after} if before.get(n) != after.get(n)}
    pauses, others = changed & PAUSES, changed - PAUSES
    found = []
    if others:
        found.append((EventKind.POLICY_CHANGED, others))
    if pauses:
        is_set = any(n in after and n != "lease_ended" for n in pauses)
        kind = EventKind.PAUSED if is_set else EventKind.UNPAUSED
        found.append((kind, pauses))
    return tuple(
        ordered(
            parts,
            name,
            kind,
            {n: _in_one_line(before[n]) for n in names & before.keys()},
            {n: _in_one_line(after[n]) for n in names & after.keys()},
            process_type=process_type,
        )
        for kind, names in found
    )


def fleet_paused(
    parts: Parts, before: FleetPause | None, after: FleetPause | None
) -> Event:
    """Return the event of all apps that are paused, or resumed."""
    kind = EventKind.PAUSED if after else EventKind.UNPAUSED
    return ordered(parts, ALL_APPS, kind, _pause(before), _pause(after))


def _pause(pause: FleetPause | None) -> dict[str, str]:
    return {} if pause is None else {"pause": str(pause)}


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _shown_url(app: RegisteredApp | None) -> str:
    return UNREADABLE if app is None else app.address.described()


def _shown_key(key: Secret) -> str:
    return "own key" if key else "shared key"

"""Change the policy of an app, or of one of its process types."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.decision.protect import left_of_lease
from scalar.core.errors import CoordinationError, InvalidInput
from scalar.core.policy.fleet_pause import FleetPause
from scalar.core.policy.policy import NONE, Policy
from scalar.core.policy.values import PAUSES, UNTIL_RESUMED
from scalar.core.reason import Cause
from scalar.service import orders
from scalar.service.known_names import check_known
from scalar.service.parts import Parts
from scalar.service.unless_changed import retried

#: Heroku's rule for the names of process types (Platform API schema).
PROCESS_TYPE = re.compile(r"[-\w]{1,128}")
UP, DOWN = "pause_up", "pause_down"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy that was changed.

    Attributes:
        app: The app as it is now.
        names: The values that were set, or unset.
    """

    app: RegisteredApp
    names: tuple[str, ...]


def set_policy(
    parts: Parts,
    name: str,
    process_type: str,
    values: Mapping[str, str],
    *,
    force: bool = False,
) -> PolicyChange:
    """Set some values of a policy; takes and raises what `change_policy` does.

    With `force`, also of a process type that the app does not have.
    """
    check_process_type(process_type)
    if not force:
        check_known(parts, parts.registry.get(name), process_type)
    app = change_policy(parts, name, process_type, put=values)
    return PolicyChange(app, tuple(values))


def unset_policy(
    parts: Parts, name: str, process_type: str, names: Collection[str] | None
) -> PolicyChange:
    """Unset some values of a policy, or all but the pauses if `names` is None.

    Raises:
        AppNotFound: No such app.
        InvalidInput: One of them is not set, or none is. Nothing is changed.
    """
    stored = parts.registry.get(name).policies.get(process_type, {})
    wanted = [key for key in stored if key not in PAUSES] if names is None else names
    missing = [key for key in wanted if key not in stored]
    if missing or not wanted:
        where = f"{name} {process_type}".strip()
        raise InvalidInput(
            f"{where}: cannot unset {', '.join(missing) or 'anything'}; "
            f"set there: {', '.join(stored) or 'nothing'}"
        )
    app = change_policy(parts, name, process_type, put={}, remove=wanted)
    return PolicyChange(app, tuple(wanted))


def pause(
    parts: Parts,
    name: str,
    process_type: str,
    until: datetime | None,
    *,
    up: bool,
    down: bool,
    force: bool = False,
) -> PolicyChange:
    """Stop scaling an app, or a process type, for a while.

    Args:
        parts: The ports.
        name: The app.
        process_type: One of its process types, or `WHOLE_APP`.
        until: When the pause ends (aware); None for when it is resumed.
        up: Whether to pause scaling up.
        down: Whether to pause scaling down; both if neither is named.
        force: Whether to store it for a process type that the app does not have.

    Raises:
        AppNotFound: No such app.
        InvalidInput: The name of the process type breaks a rule, or is unknown.
    """
    values = pauses(until, up=up, down=down)
    return set_policy(parts, name, process_type, values, force=force)


def resume(parts: Parts, name: str, process_type: str, *, up: bool, down: bool) -> bool:
    """End the pauses of an app, those of its process types too, or of one of them.

    The leases of manual changes end with them, unless one direction is named.
    Returns whether any was paused or leased.

    Raises:
        AppNotFound: No such app.
        InvalidInput: The name of the process type breaks a rule, or is unknown.
    """
    check_process_type(process_type)
    names = directions(up=up, down=down)
    app = parts.registry.get(name)
    check_known(parts, app, process_type)
    places = [process_type] if process_type else list(app.policies)
    paused = {
        place
        for place in places
        if not app.policies.get(place, {}).keys().isdisjoint(names)
    }
    ended = {} if up != down else _leases(parts, app, process_type)
    for place in sorted(paused | ended.keys()):
        put = {"lease_ended": ended[place]} if place in ended else {}
        change_policy(parts, name, place, put=put, remove=names)
    return bool(paused or ended)


def pause_all(
    parts: Parts, until: datetime | None, why: str, *, up: bool, down: bool
) -> FleetPause:
    """Stop scaling all apps, and those registered later: one row, at once.

    Pauses of single apps stay beside it.

    Args:
        parts: The ports.
        until: When it ends (aware); None for when they are resumed.
        why: Why, for whoever looks next.
        up: Whether to pause scaling up.
        down: Whether to pause scaling down; both if neither is named.
    """
    before, both = standing_pause(parts), up == down
    pause = FleetPause(
        parts.clock.now(),
        until or UNTIL_RESUMED,
        parts.actor,
        " ".join(why.split()),
        up=up or both,
        down=down or both,
    )
    event = orders.fleet_paused(parts, before, pause)
    parts.registry.set_fleet_pause(pause, events=(event,))
    return pause


def resume_all(parts: Parts, *, up: bool, down: bool) -> FleetPause | None:
    """End the pause of all apps, or one direction of it; return what it was.

    Pauses of single apps stay.
    """
    before, both = standing_pause(parts), up == down
    if before is None:
        parts.registry.set_fleet_pause(None)
        return None
    after = replace(
        before,
        up=before.up and not (up or both),
        down=before.down and not (down or both),
    )
    left = after if after.up or after.down else None
    event = orders.fleet_paused(parts, before, left)
    parts.registry.set_fleet_pause(left, events=(event,))
    return before


def standing_pause(parts: Parts) -> FleetPause | None:
    """Return the pause of all apps; None if there is none, or it is over."""
    pause = parts.registry.fleet_pause()
    return pause if pause and pause.holds_at(parts.clock.now()) else None


def _leases(parts: Parts, app: RegisteredApp, process_type: str) -> dict[str, str]:
    """Return the process types with a manual change that a lease protects.

    Each one with the time until which changes are not protected any more: now, or
    when it was noticed, should the clock of that worker be ahead.
    """
    pasts, now = _memory(parts, app).pasts, parts.clock.now()
    found = {}
    for name in {process_type} & pasts.keys() if process_type else sorted(pasts):
        noticed, policy = pasts[name].changed_by_hand_at, parts.policies.of(app, name)
        if noticed is None or not isinstance(policy, Policy):
            continue
        until = max(noticed, now)
        if left_of_lease(policy, pasts[name], until) > NONE:
            found[name] = until.isoformat()
    return found


def change_policy(
    parts: Parts,
    name: str,
    process_type: str,
    *,
    put: Mapping[str, str],
    remove: Collection[str] = (),
) -> RegisteredApp:
    """Set some values and unset others; return the app as it is then.

    Args:
        parts: The ports.
        name: The app.
        process_type: One of its process types, or `WHOLE_APP`.
        put: Value names to texts.
        remove: Names of values; those that are not set are ignored.

    Raises:
        AppNotFound: No such app.
        InvalidInput: A value breaks a rule, alone or with the others. Nothing
            is changed.
        AppChanged: Other commands change the app all the time.
    """
    check_process_type(process_type)

    def change() -> None:
        app = parts.registry.get(name)
        values = {**app.policies.get(process_type, {}), **put}
        values = {key: text for key, text in values.items() if key not in remove}
        after = replace(app, policies={**app.policies, process_type: values})
        check_policies(parts, after, before=app, changed={process_type})
        stored = app.policies.get(process_type, {})
        parts.registry.set_policy(
            name,
            process_type,
            values,
            read=app.key,
            mark=orders.mark(parts),
            events=orders.policy_changed(parts, app.name, process_type, stored, values),
        )

    retried(change)
    return parts.registry.get(name)


def check_process_type(process_type: str) -> None:
    """Raise `InvalidInput` if no process type can have this name."""
    if process_type != WHOLE_APP and not PROCESS_TYPE.fullmatch(process_type):
        raise InvalidInput(
            f"Process type {process_type!r} must have 1 to 128 letters, digits, "
            "dashes and underscores"
        )


def check_policies(
    parts: Parts,
    after: RegisteredApp,
    *,
    before: RegisteredApp | None,
    changed: Collection[str],
) -> None:
    """Raise `InvalidInput` if a change breaks a policy.

    The app's values apply to its process types too, so these are checked as well;
    one that was broken before does not prevent a change elsewhere.
    """
    read = parts.policies.read
    for process_type in sorted({*changed, *after.policies}):
        problem = read(after, process_type)
        if not isinstance(problem, Cause):
            continue
        was_broken = before is not None and isinstance(
            read(before, process_type), Cause
        )
        if process_type in changed or not was_broken:
            raise InvalidInput(problem.detail)


def pauses(until: datetime | None, *, up: bool, down: bool) -> dict[str, str]:
    """Return the values that pause one direction, or both if none is named.

    Args:
        until: When the pause ends (aware); None for when it is resumed.
        up: Whether to pause scaling up.
        down: Whether to pause scaling down.
    """
    text = "resumed" if until is None else until.isoformat(timespec="seconds")
    return dict.fromkeys(directions(up=up, down=down), text)


def directions(*, up: bool, down: bool) -> list[str]:
    """Return the names of the pauses for these directions; both if none is named."""
    named = [name for name, is_named in ((UP, up), (DOWN, down)) if is_named]
    return named or [UP, DOWN]


def _memory(parts: Parts, app: RegisteredApp) -> Memory:
    """Return what is remembered of an app; nothing while Redis is away."""
    try:
        return parts.states.recall([app.id]).get(app.id, Memory())
    except CoordinationError:
        return Memory()

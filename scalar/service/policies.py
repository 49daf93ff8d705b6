"""Change the policy of an app, or of one of its process types."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP
from scalar.core.errors import InvalidInput
from scalar.core.reason import Cause
from scalar.ports.policies import Policies
from scalar.ports.registry import Registry

#: Heroku's rule for the names of process types (Platform API schema).
PROCESS_TYPE = re.compile(r"[-\w]{1,128}")
UP, DOWN = "pause_up", "pause_down"


def change_policy(
    registry: Registry,
    policies: Policies,
    name: str,
    process_type: str,
    *,
    put: Mapping[str, str],
    remove: Collection[str] = (),
) -> RegisteredApp:
    """Set some values and take others away; return the app as it is then.

    Args:
        registry: Where they are stored.
        policies: Which says whether they are right.
        name: The app.
        process_type: One of its process types, or `WHOLE_APP`.
        put: Value names to texts.
        remove: Names of values; those that are not set are ignored.

    Raises:
        AppNotFound: No such app.
        InvalidInput: A value breaks a rule, alone or with the others. Nothing
            is changed.
    """
    check_process_type(process_type)
    app = registry.get(name)
    values = {**app.policies.get(process_type, {}), **put}
    values = {key: text for key, text in values.items() if key not in remove}
    after = replace(app, policies={**app.policies, process_type: values})
    check_policies(policies, after, before=app, changed={process_type})
    registry.set_policy(name, process_type, values)
    return registry.get(name)


def check_process_type(process_type: str) -> None:
    """Raise `InvalidInput` if no process type can have this name."""
    if process_type != WHOLE_APP and not PROCESS_TYPE.fullmatch(process_type):
        raise InvalidInput(
            f"Process type {process_type!r} must have 1 to 128 letters, digits, "
            "dashes and underscores"
        )


def check_policies(
    policies: Policies,
    after: RegisteredApp,
    *,
    before: RegisteredApp | None,
    changed: Collection[str],
) -> None:
    """Raise `InvalidInput` if a change breaks a policy.

    Values of the app hold for its process types too, so these are looked at as
    well; one that was broken before does not prevent a change elsewhere.
    """
    for process_type in sorted({*changed, *after.policies}):
        problem = policies.read(after, process_type)
        if not isinstance(problem, Cause):
            continue
        was_broken = before is not None and isinstance(
            policies.read(before, process_type), Cause
        )
        if process_type in changed or not was_broken:
            raise InvalidInput(problem.detail)


def pauses(until: datetime | None, *, up: bool, down: bool) -> dict[str, str]:
    """Return the values that pause one direction, or both if none is named.

    Args:
        until: When it ends (aware); None for not until it is resumed.
        up: Whether scaling up is meant.
        down: Whether scaling down is meant.
    """
    text = "resumed" if until is None else until.isoformat(timespec="seconds")
    return dict.fromkeys(directions(up=up, down=down), text)


def directions(*, up: bool, down: bool) -> list[str]:
    """Return the names of the pauses that are meant: both if none is named."""
    named = [name for name, meant in ((UP, up), (DOWN, down)) if meant]
    return named or [UP, DOWN]

"""Whether an app has a process type of this name: a policy for none never holds."""

from __future__ import annotations

from collections.abc import Collection

from scalar.core.app import RegisteredApp
from scalar.core.app_state import WHOLE_APP, Memory
from scalar.core.errors import CoordinationError, InvalidInput, PlatformError
from scalar.core.near_miss import did_you_mean
from scalar.ports.platform import Urgency
from scalar.service.parts import Parts


def remembered(memory: Memory) -> frozenset[str]:
    """Return the process types that are remembered; empty if nothing is."""
    if memory.formation is None:
        return frozenset()
    return frozenset({*memory.formation, *memory.absent})


def check_known(parts: Parts, app: RegisteredApp, process_type: str) -> None:
    """Raise `InvalidInput` if an app has no process type of this name.

    What is not remembered is read from the platform. A name that is stored already, or
    cannot be checked now, is accepted.
    """
    if process_type == WHOLE_APP or process_type in app.policies:
        return
    if process_type in remembered(_memory(parts, app)):
        return
    known = _read(parts, app)
    if known and process_type not in known:
        raise InvalidInput(unknown(app.name, process_type, known))


def unknown(app: str, process_type: str, known: Collection[str]) -> str:
    """Return the message about a process type that an app does not have."""
    has = ", ".join(sorted(known))
    return (
        f"{app} has no process type {process_type}; it has {has}."
        f"{did_you_mean(process_type, known)} Use --force to store it all the same"
    )


def memories(parts: Parts, app_ids: Collection[int]) -> dict[int, Memory]:
    """Return what is remembered of apps; nothing while Redis is away."""
    try:
        return parts.states.recall(list(app_ids))
    except CoordinationError:
        return {}


def _memory(parts: Parts, app: RegisteredApp) -> Memory:
    return memories(parts, [app.id]).get(app.id, Memory())


def _read(parts: Parts, app: RegisteredApp) -> frozenset[str]:
    """Return the process types as the platform has them; empty if it cannot say."""
    try:
        return frozenset(parts.platforms.unmetered(app).formation(Urgency.READ))
    except PlatformError:
        return frozenset()

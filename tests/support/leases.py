"""Begin evaluations in a test."""

from __future__ import annotations

from scalar.core.app_state import Memory
from scalar.ports.coordination import Lease, StateStore

#: Seconds; longer than any test.
LONG = 60.0


def begin(states: StateStore, app_id: int, token: str) -> tuple[Lease, Memory] | None:
    """Reserve an app as a tick does, and begin its evaluation as a worker does."""
    states.reserve([app_id], token, LONG)
    return states.begin(app_id, token)

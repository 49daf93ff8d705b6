"""Evaluations that a test begins by itself."""

from __future__ import annotations

from scalar.core.app_state import Memory
from scalar.ports.coordination import Coordinator, Lease

#: Seconds, longer than any test.
LONG = 60.0


def begin(
    coordinator: Coordinator, app_id: int, token: str
) -> tuple[Lease, Memory] | None:
    """Reserve an app as a tick does, and begin its evaluation as a worker does."""
    coordinator.reserve([app_id], token, LONG)
    return coordinator.begin(app_id, token)

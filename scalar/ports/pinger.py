"""The dead man's switch."""

from __future__ import annotations

from typing import Protocol


class Pinger(Protocol):
    """Calls a dead man's switch, which alarms somebody when the calls stop."""

    def ping(self) -> bool:
        """Call it; return whether that succeeded. No error gets out."""
        ...

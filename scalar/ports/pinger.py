"""The dead man's switch."""

from __future__ import annotations

from typing import Protocol


class Pinger(Protocol):
    """Calls a dead man's switch, which raises an alarm when the calls stop."""

    def ping(self) -> bool:
        """Call it; return whether that succeeded. Never raises."""
        ...

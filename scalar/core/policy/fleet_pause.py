"""A pause of all apps at once: one order, heard before each change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scalar.core.actor import NOBODY, Actor
from scalar.core.policy.policy import Policy
from scalar.core.policy.values import UNTIL_RESUMED


@dataclass(frozen=True, slots=True)
class FleetPause:
    """A pause of all apps.

    Attributes:
        since: When it was ordered (aware, UTC).
        until: When it ends by itself; `UNTIL_RESUMED` if it does not.
        by: Who ordered it.
        why: Why, in their words.
        up: Whether no dynos are added.
        down: Whether none are removed.
    """

    since: datetime
    until: datetime = UNTIL_RESUMED
    by: Actor = NOBODY
    why: str = ""
    up: bool = True
    down: bool = True

    def holds_at(self, at: datetime) -> bool:
        """Return whether it holds at a time (aware)."""
        return at < self.until

    def forbids(self, *, is_up: bool) -> bool:
        """Return whether it forbids a change in one direction."""
        return self.up if is_up else self.down

    def applied_to(self, policy: Policy) -> Policy:
        """Return a policy with this pause."""
        up, down, why = policy.pause_up, policy.pause_down, str(self)
        return replace(
            policy,
            pause_up=max(up or self.until, self.until) if self.up else up,
            pause_down=max(down or self.until, self.until) if self.down else down,
            why_paused=(why if self.up else "", why if self.down else ""),
        )

    def __str__(self) -> str:
        """Return `all apps are paused until 2026-01-01 18:00 UTC by ann: a reason`."""
        what = "" if self.up and self.down else f", {'up' if self.up else 'down'} only,"
        end = (
            "until they are resumed"
            if self.until == UNTIL_RESUMED
            else f"until {self.until:%Y-%m-%d %H:%M} UTC"
        )
        by = f" by {self.by.user}" if self.by.user else ""
        why = f": {self.why}" if self.why else ""
        return f"all apps are paused{what} {end}{by}{why}"

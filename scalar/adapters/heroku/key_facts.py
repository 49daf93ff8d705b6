"""What Heroku says about an API key."""

from __future__ import annotations

from dataclasses import dataclass

#: Scopes that allow scaling (Dev Center, "OAuth").
SCALING_SCOPES = frozenset({"global", "write", "write-protected"})


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What Heroku says about an API key.

    Attributes:
        remaining: Calls left this hour.
        scope: The key's scopes as Heroku lists them; empty if it does not say.
    """

    remaining: int
    scope: str = ""

    @property
    def may_scale(self) -> bool:
        """Whether the scopes allow scaling, as far as they are known."""
        scopes = self.scope.replace(",", " ").split()
        return not scopes or not SCALING_SCOPES.isdisjoint(scopes)

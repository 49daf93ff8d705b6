"""The outcome of a decision, with every stage that led to it."""

from __future__ import annotations

from dataclasses import dataclass

from scalar.core.reading import Count
from scalar.core.reason import Reason


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a decision: the quantity it left (dynos), and why."""

    quantity: int
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one process type, and every stage that led there.

    Attributes:
        process_type: Heroku's name of the process type.
        current: Dynos now; None if the formation has no such process type.
        count: The count it rests on; None if unknown.
        trail: The stages in order, never empty.
        held: True if nothing may be changed, whatever the count.
        recommended: Dynos for the count alone, before all limits; None if the
            count is unknown.
        asks_for_release: Whether it removes dynos unless the app was released
            since that was last asked.
        dry_run: Whether it is only said, and not done.
    """

    process_type: str
    current: int | None
    count: Count | None
    trail: tuple[Step, ...]
    held: bool = False
    recommended: int | None = None
    asks_for_release: bool = False
    dry_run: bool = False

    @property
    def desired(self) -> int | None:
        """Dynos after all stages; the current quantity if held."""
        return self.current if self.held else self.trail[-1].quantity

    @property
    def reason(self) -> Reason:
        """The reason of the last stage that spoke."""
        return self.trail[-1].reason

    @property
    def changes(self) -> bool:
        """Whether another quantity is desired than there is."""
        return not self.held and self.desired != self.current

    @property
    def is_to_be_made(self) -> bool:
        """Whether Heroku has to be asked, and may be."""
        return self.changes and not self.dry_run

    @property
    def is_up(self) -> bool:
        """Whether it adds dynos."""
        return self.changes and (self.desired or 0) > (self.current or 0)

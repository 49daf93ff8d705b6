"""The outcome of a decision, with every stage that led to it."""

from __future__ import annotations

from dataclasses import dataclass

from scalar.core.reading import Count
from scalar.core.reason import Cause, Reason


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
        trail: The stages in order; empty only if it is held.
        hold: Why nothing may be changed, whatever the count; None if it may.
        recommended: Dynos for the count alone, before all limits; None if the
            count is unknown.
        asks_for_release: Whether it removes dynos unless the app was released
            since that was last asked.
        dry_run: Whether it is only said, and not done.
    """

    process_type: str
    current: int | None
    count: Count | None
    trail: tuple[Step, ...] = ()
    hold: Cause | None = None
    recommended: int | None = None
    asks_for_release: bool = False
    dry_run: bool = False

    @property
    def desired(self) -> int | None:
        """Dynos after all stages; the current quantity if held."""
        return self.current if self.hold else self.trail[-1].quantity

    @property
    def cause(self) -> Cause:
        """Why it is held or, if it is not, what the last stage said."""
        if self.hold:
            return self.hold
        last = self.trail[-1]
        return Cause(last.reason, last.detail)

    @property
    def reason(self) -> Reason:
        """The word for that."""
        return self.cause.reason

    @property
    def changes(self) -> bool:
        """Whether another quantity is desired than there is."""
        return self.hold is None and self.desired != self.current

    @property
    def is_to_be_made(self) -> bool:
        """Whether Heroku has to be asked, and may be."""
        return self.changes and not self.dry_run

    @property
    def is_up(self) -> bool:
        """Whether it adds dynos."""
        return self.changes and (self.desired or 0) > (self.current or 0)

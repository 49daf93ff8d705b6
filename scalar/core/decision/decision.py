"""The outcome of a decision, with the steps that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scalar.core.event import Event, EventKind
from scalar.core.reading import Count
from scalar.core.reason import Cause, Reason


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision: the quantity (dynos) that a stage left, and why."""

    quantity: int
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one process type, and the steps that led there.

    Attributes:
        process_type: Heroku's name of the process type.
        current: Dynos now; None if the formation has no such process type.
        count: The count it is based on; None if unknown.
        trail: One step for each stage that made a difference; empty only if the
            process type is held.
        hold: Why nothing may be changed, whatever the count; None if it may.
        recommended: Dynos for the count alone, before all limits; None if the
            count is unknown.
        asks_for_release: Whether the outcome depends on when the app was last
            released, so that the platform has to be asked.
        rests_on_formation: Whether another current quantity could have led to
            another outcome, so that it takes a fresh formation to carry it out.
        dry_run: Whether it is only recorded, not carried out.
        notes: What a person should know about the policy.
    """

    process_type: str
    current: int | None
    count: Count | None
    trail: tuple[Step, ...] = ()
    hold: Cause | None = None
    recommended: int | None = None
    asks_for_release: bool = False
    rests_on_formation: bool = False
    dry_run: bool = False
    notes: tuple[str, ...] = ()

    @property
    def desired(self) -> int | None:
        """Dynos after all stages; the current quantity if held."""
        return self.current if self.hold else self.trail[-1].quantity

    @property
    def cause(self) -> Cause:
        """Why it is held; otherwise the reason of the last step."""
        if self.hold:
            return self.hold
        last = self.trail[-1]
        return Cause(last.reason, last.detail)

    @property
    def reason(self) -> Reason:
        """The reason of `cause`."""
        return self.cause.reason

    @property
    def changes(self) -> bool:
        """Whether the desired quantity differs from the current one."""
        return self.hold is None and self.desired != self.current

    @property
    def is_to_be_made(self) -> bool:
        """Whether the platform has to make the change: no hold and no dry run."""
        return self.changes and not self.dry_run

    @property
    def is_up(self) -> bool:
        """Whether it adds dynos."""
        return self.changes and (self.desired or 0) > (self.current or 0)

    def event(
        self,
        app: str,
        kind: EventKind,
        at: datetime,
        quantity: int | None = None,
        facts: str = "",
    ) -> Event:
        """Return the journal's event for the change.

        Args:
            app: The app's name.
            kind: What happened to the decision.
            at: When (aware, UTC).
            quantity: Dynos that the platform reported afterwards; None for the
                desired ones.
            facts: All that explains it (`facts.py`).
        """
        return Event(
            at=at,
            app=app,
            process_type=self.process_type,
            kind=kind,
            reason=self.reason,
            from_quantity=self.current,
            to_quantity=self.desired if quantity is None else quantity,
            count=self.count,
            detail=self.cause.detail,
            facts=facts,
        )

    @property
    def in_short(self) -> str:
        """The trail on one line: `recommended:0,scale_down_stabilized:1`."""
        return ",".join(f"{step.reason}:{step.quantity}" for step in self.trail)

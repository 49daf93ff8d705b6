"""What one evaluation of one app knows so far; each stage returns a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scalar.core.app_state import Memory
from scalar.core.decision.decision import Decision
from scalar.core.event import Event
from scalar.core.formation import Formation
from scalar.core.health import Outcome
from scalar.core.reading import Reading
from scalar.core.reason import Cause, Reason

#: Why an app is held though its counts are known, so that changes of it may wait. An
#: app that Heroku does not have waits for nothing.
PLATFORM_REASONS = frozenset(
    {
        *(Reason.NOT_AUTHORIZED, Reason.FORBIDDEN, Reason.PAYMENT_REQUIRED),
        *(Reason.HEROKU_REFUSED, Reason.HEROKU_UNAVAILABLE),
        *(Reason.APP_RECREATED, Reason.ANOTHER_APP),
        *(Reason.RATE_LIMITED, Reason.CALLS_LOW),
        Reason.PLATFORM_UNKNOWN,
    }
)
#: Holds that pass with the next evaluation, that a person ordered, or that concern
#: nothing that could be scaled: in none of them anything is wrong.
NOTHING_WRONG = frozenset(
    {
        *(Reason.MAINTENANCE, Reason.NOT_IN_FORMATION, Reason.RELEASE_PHASE),
        *(Reason.LEASE_LOST, Reason.ANSWER_TOO_OLD, Reason.APP_CHANGED),
        Reason.RENAMED,
    }
)
#: Holds of a whole app whose counts are not known.
WITHOUT_COUNTS = frozenset({Reason.COUNTS_UNAVAILABLE, Reason.COUNTS_MALFORMED})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The state of one evaluation.

    Attributes:
        memory: What is to be remembered.
        decisions: One for each process type; empty until it is decided.
        hold: Why the whole app is held; None if it is not. A fallback may change
            something all the same.
        events: What is to be recorded.
        scaled: Whether the platform made the change.
        counted_at: When the app had answered (aware, UTC).
        formation_is_fresh: Whether the formation was read in this evaluation.
        readings: What the app reported, by process type.
        answered_in: Seconds until it had answered.
        quiesced: Process types whose agent was told which dynos will be removed.
    """

    memory: Memory
    decisions: tuple[Decision, ...] = ()
    hold: Cause | None = None
    events: tuple[Event, ...] = ()
    scaled: bool = False
    counted_at: datetime | None = None
    formation_is_fresh: bool = False
    readings: Mapping[str, Reading] = field(default_factory=dict)
    answered_in: float | None = None
    quiesced: frozenset[str] = frozenset()

    def held(self, why: Cause) -> Evaluation:
        """Return the same, with nothing to be changed."""
        return replace(self, hold=why)

    @property
    def reports_busy(self) -> frozenset[str]:
        """Process types whose answer has busy dynos, known or not."""
        said = self.readings.items()
        return frozenset(name for name, one in said if one.busy is not None)

    @property
    def formation(self) -> Formation:
        """The formation as far as it is known; empty if it is not."""
        return self.memory.formation or {}

    @property
    def to_be_made(self) -> tuple[Decision, ...]:
        """The decisions that the platform has to carry out."""
        return tuple(d for d in self.decisions if d.is_to_be_made)

    @property
    def changes(self) -> tuple[Decision, ...]:
        """The decisions that ask for another quantity."""
        return tuple(d for d in self.decisions if d.changes)

    @property
    def is_outdated(self) -> bool:
        """Whether the app's row was changed before the change was made."""
        return self.hold is not None and self.hold.reason is Reason.APP_CHANGED

    @property
    def is_stuck(self) -> bool:
        """Whether a change was not made, or the platform could not be called."""
        if self.to_be_made and not self.scaled:
            return True
        holds = (self.hold, *(d.hold for d in self.decisions))
        return any(hold and hold.reason in PLATFORM_REASONS for hold in holds)

    @property
    def outcome(self) -> Outcome:
        """How it ended, as the health checks need to know it."""
        held = self._held_for()
        refused = held in PLATFORM_REASONS or held is Reason.APP_NOT_ON_HEROKU
        return Outcome(
            is_decided=held is None or refused,
            held=held,
            changes=len(self.to_be_made) if self.scaled else 0,
        )

    def _held_for(self) -> Reason | None:
        """Return why nothing of the app can be scaled though it should be.

        None if a process type can be. An app in maintenance mode is not expected to
        answer.
        """
        if self.hold is not None:
            asleep = self.memory.maintenance_at and self.hold.reason in WITHOUT_COUNTS
            fine = asleep or self.hold.reason in NOTHING_WRONG
            return None if fine else self.hold.reason
        reasons = [d.hold.reason if d.hold else None for d in self.decisions]
        wrong = [reason for reason in reasons if reason not in NOTHING_WRONG]
        return wrong[0] if wrong and None not in wrong else None

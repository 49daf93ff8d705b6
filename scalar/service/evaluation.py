"""What one evaluation of one app knows so far; each stage returns a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scalar.model import Decision, Event, Memory, Step


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The state of one evaluation.

    Attributes:
        memory: What is to be remembered.
        decisions: One for each process type; empty until it is decided.
        hold: Why nothing is changed for the whole app; None if it may be.
        events: What is to be recorded.
        scaled: Whether Heroku took the change.
    """

    memory: Memory
    decisions: tuple[Decision, ...] = ()
    hold: Step | None = None
    events: tuple[Event, ...] = ()
    scaled: bool = False

    def held(self, why: Step) -> Evaluation:
        """Return the same, with nothing to be changed."""
        return replace(self, hold=why)

    @property
    def changes(self) -> tuple[Decision, ...]:
        """The decisions that ask for another quantity."""
        return tuple(d for d in self.decisions if d.changes)

"""A violated invariant, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One violated invariant.

    Attributes:
        invariant: The invariant, in a few words.
        what: What happened, in a sentence.
        evidence: Related observations, one per line.
    """

    invariant: str
    what: str
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant}: {self.what}", *self.evidence])

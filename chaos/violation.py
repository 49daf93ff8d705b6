"""A promise that was broken, in words, with what shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was broken.

    Attributes:
        promise: Which, in a few words.
        what: What happened, in a sentence.
        evidence: What was seen around it, a line each.
    """

    promise: str
    what: str
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.promise}: {self.what}", *self.evidence])

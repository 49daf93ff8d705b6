"""Invariants that several checks share."""

from __future__ import annotations

from scalar.core.errors import ScalarError


class InvariantViolated(AssertionError):
    """An invariant does not hold."""


def require(holds: object, what: str) -> None:
    """Raise `InvariantViolated` unless the invariant holds."""
    if not holds:
        raise InvariantViolated(what)


def require_one_line(error: ScalarError, longest: int = 1_000) -> None:
    """Require that a message is one line of limited length."""
    text = str(error)
    require(text and text.splitlines() == [text], f"not one line: {text!r}")
    require(len(text) <= longest, f"{len(text)} characters: {text[:200]!r}")

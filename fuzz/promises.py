"""What more than one check says."""

from __future__ import annotations

from scalar.core.errors import ScalarError


class PromiseBroken(AssertionError):
    """Something happened that must not."""


def promise(kept: object, what: str) -> None:
    """Raise `PromiseBroken` unless it is kept."""
    if not kept:
        raise PromiseBroken(what)


def is_one_clear_line(error: ScalarError, longest: int = 1_000) -> None:
    """Promise that a message can be printed as it is."""
    text = str(error)
    promise(text and text.splitlines() == [text], f"not one line: {text!r}")
    promise(len(text) <= longest, f"{len(text)} characters: {text[:200]!r}")

"""The known name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], alike: float = 0.6) -> str:
    """Return the known name that is nearest to another one; empty if none is near.

    Args:
        name: The other one.
        known: The known names.
        alike: How alike they have to be, from 0 to 1.
    """
    names = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), names, n=1, cutoff=alike)
    return names[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean worker?` if a known name is near; empty if none is."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""

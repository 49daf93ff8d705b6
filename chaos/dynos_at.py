"""The formation of an app at a time, by what was done to it."""

from __future__ import annotations

from math import inf, nextafter

from chaos.history import History


def dynos_at(history: History, app: str, at: float) -> dict[str, int]:
    """Return the dynos of each process type."""
    dynos = dict(history.first_dynos[app])
    for call in history.made_of[app]:
        if call.took_effect_at <= at:
            dynos.update(call.updates)
    return dynos


def just_before(at: float) -> float:
    """Return the last moment before a time."""
    return nextafter(at, -inf)

"""Keep an app's secrets out of what it answers: it may echo what it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Counted, DynoId, Reading, Unknown

T = TypeVar(
    "T", Counted, "float | Unknown | None", "frozenset[DynoId] | Unknown | None"
)

#: A secret of fewer characters may well be the name of a process type.
LEAST_IN_A_NAME = 8


def without_secrets(
    readings: Mapping[str, Reading], address: CountsAddress
) -> dict[str, Reading]:
    """Return readings without the app's own secrets in their reasons.

    A process type whose name has one in it is left out.
    """
    long = [one for one in address.secrets() if len(one) >= LEAST_IN_A_NAME]
    return {
        name: _reading(reading, address)
        for name, reading in readings.items()
        if not any(one in name for one in long)
    }


def _reading(reading: Reading, address: CountsAddress) -> Reading:
    parts = (reading.count, reading.latency, reading.busy)
    if not any(isinstance(part, Unknown) and part.detail for part in parts):
        return reading
    return replace(
        reading,
        count=_part(reading.count, address),
        latency=_part(reading.latency, address),
        busy=_part(reading.busy, address),
    )


def _part(part: T, address: CountsAddress) -> T:
    if not isinstance(part, Unknown):
        return part
    return replace(part, detail=address.redact(part.detail))

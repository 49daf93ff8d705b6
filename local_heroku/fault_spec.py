"""Read the description of a fault from a control request.

```json
{"kind": "status", "status": 503, "method": "PATCH", "app": "shop",
 "path": "/apps/shop/formation", "times": 2, "every": 1}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from local_heroku.errors import invalid_params
from local_heroku.faults import Fault, FaultKind

KEYS = frozenset(field.name for field in fields(Fault)) - {"id", "seen", "happened"}


def read_fault(fault_id: str, described: Mapping[str, Any]) -> Fault:
    """Return the fault that a JSON object describes.

    Raises:
        ApiError: 422 for an unknown key or a value outside its range.
    """
    if unknown := sorted(set(described) - KEYS):
        raise invalid_params(
            f"Unknown keys of a fault: {', '.join(unknown)}; choose from "
            f"{', '.join(sorted(KEYS))}."
        )
    kinds = [kind.value for kind in FaultKind]
    if described.get("kind") not in kinds:
        raise invalid_params(
            f"kind must be one of {', '.join(kinds)}, not {described.get('kind')!r}."
        )
    given = {key: value for key, value in described.items() if value is not None}
    if "times" in described:
        given["times"] = described["times"]  # None: until it is cleared
    _check_texts(given)
    fault = Fault(**{**given, "id": fault_id, "kind": FaultKind(given["kind"])})
    _check_numbers(fault)
    if fault.method is not None:
        fault.method = fault.method.upper()
    return fault


def fault_json(fault: Fault) -> dict[str, Any]:
    """Return the fault as JSON for the control routes."""
    return asdict(fault)


def _check_texts(given: Mapping[str, Any]) -> None:
    for name in ("method", "path", "app", "error_id", "message"):
        if not isinstance(given.get(name, ""), str):
            raise invalid_params(f"{name} must be a string, not {given[name]!r}.")
    if not isinstance(given.get("extra", {}), dict):
        raise invalid_params(f"extra must be an object, not {given['extra']!r}.")


def _check_numbers(fault: Fault) -> None:
    rules: tuple[tuple[str, object, int, float], ...] = (
        ("times", 1 if fault.times is None else fault.times, 1, 10**9),
        ("every", fault.every, 1, 10**9),
        ("status", fault.status, 400, 599),
        ("seconds", 0 if fault.seconds is None else fault.seconds, 0, 10**6),
    )
    for name, value, least, most in rules:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= float(str(value)) <= most:
            raise invalid_params(
                f"{name} must be from {least} to {most}, not {value!r}."
            )

"""Read the description of an app from a control request or a seed file.

```json
{"name": "shop", "web_url": null, "account": "default", "generation": "cedar",
 "formation": [{"type": "web", "quantity": 1, "size": "Standard-1X",
                "command": "gunicorn shop.wsgi"}]}
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_heroku.errors import invalid_params
from local_heroku.formation_updates import (
    DesiredRow,
    check_generation,
    check_limits,
    read_quantity,
    read_size,
)
from local_heroku.sizes import DynoSize, Generation, default_size

TYPE_NAME = re.compile(r"[-\w]{1,128}")
APP_KEYS = frozenset({"name", "web_url", "account", "formation", "generation"})
ROW_KEYS = frozenset({"type", "quantity", "size", "dyno_size", "command"})


@dataclass(frozen=True, slots=True)
class RowSpec:
    """One process type of an app to be created."""

    type: str
    quantity: int
    size: DynoSize
    command: str


@dataclass(frozen=True, slots=True)
class AppSpec:
    """An app to be created; `account` is its owner."""

    name: str
    formation: tuple[RowSpec, ...]
    web_url: str | None = None
    account: str = "default"
    generation: Generation = Generation.CEDAR


def default_app(name: str) -> AppSpec:
    """Return an app with one web and one worker dyno, both Standard-1X."""
    rows = [{"type": "web"}, {"type": "worker"}]
    return read_app({"name": name, "formation": rows})


def read_app(described: Mapping[str, Any]) -> AppSpec:
    """Return the app that a JSON object describes.

    Raises:
        ApiError: 422 for an unknown key, a bad value, or more dynos than
            their size allows.
    """
    _refuse_unknown(described, APP_KEYS, "an app")
    rows = described.get("formation", [])
    if not isinstance(described.get("name"), str) or not isinstance(rows, list):
        raise invalid_params(
            "An app needs a name and, as its formation, a list of rows."
        )
    generation = _read_generation(described.get("generation"))
    formation = tuple(_read_row(row, generation) for row in rows)
    types = [row.type for row in formation]
    if len(set(types)) < len(types):
        raise invalid_params(
            f"A process type appears more than once: {', '.join(types)}."
        )
    desired = [DesiredRow(row.type, row.quantity, row.size) for row in formation]
    check_generation(desired, generation)
    check_limits(desired, changed=desired)
    return AppSpec(
        name=described["name"],
        formation=formation,
        web_url=described.get("web_url"),
        account=described.get("account") or "default",
        generation=generation,
    )


def _read_generation(name: object) -> Generation:
    for generation in Generation:
        if name in {None, generation.value}:
            return generation
    known = ", ".join(Generation)
    raise invalid_params(f"No such generation as {name!r}; choose from {known}.")


def _read_row(row: object, generation: Generation) -> RowSpec:
    if not isinstance(row, dict):
        raise invalid_params(f"A formation row must be an object, not {row!r}.")
    _refuse_unknown(row, ROW_KEYS, "a formation row")
    process_type = row.get("type")
    if not isinstance(process_type, str) or not TYPE_NAME.fullmatch(process_type):
        raise invalid_params(f"Invalid process type {process_type!r}.")
    return RowSpec(
        type=process_type,
        quantity=read_quantity(row.get("quantity"), 1),
        size=read_size(row, default_size(generation)),
        command=row.get("command") or f"python -m {process_type}",
    )


def _refuse_unknown(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    if unknown := sorted(set(given) - known):
        raise invalid_params(
            f"Unknown keys of {what}: {', '.join(unknown)}; choose from "
            f"{', '.join(sorted(known))}."
        )

"""Read the updates of a formation and check them against the limits.

All or nothing: every row is checked before any is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_heroku.apps import RELEASE_TYPE, App, FormationRow
from local_heroku.errors import (
    ApiError,
    above_app_limit,
    above_type_limit,
    invalid_params,
    not_found,
)
from local_heroku.sizes import SIZES, DynoSize, Generation, find_size, sizes_of

DIGITS = re.compile(r"([+-]?)(\d{1,9})")
MOST = 10**9


@dataclass(frozen=True, slots=True)
class DesiredRow:
    """What one formation row is to become."""

    type: str
    quantity: int
    size: DynoSize


def read_updates(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the updates of a batch.

    Raises:
        ApiError: 422, `updates` is not a list of objects.
    """
    updates = body.get("updates")
    if not isinstance(updates, list) or not all(isinstance(u, dict) for u in updates):
        raise invalid_params("The body must have the key updates, a list of objects.")
    return updates


def plan(app: App, updates: Iterable[Mapping[str, Any]]) -> dict[str, DesiredRow]:
    """Return the desired rows, by process type, of those in the updates.

    Raises:
        ApiError: 404 for a process type that the app does not have, 422 for
            an invalid value or more dynos than allowed.
    """
    if not app.formation:
        raise invalid_params("App must be deployed before dynos can be scaled.")
    desired: dict[str, DesiredRow] = {}
    for update in updates:
        row = find_row(app, update.get("type"))
        before = desired.get(row.type) or DesiredRow(row.type, row.quantity, row.size)
        desired[row.type] = DesiredRow(
            row.type,
            read_quantity(update.get("quantity"), before.quantity),
            read_size(update, before.size),
        )
    after = {
        row.type: desired.get(row.type) or DesiredRow(row.type, row.quantity, row.size)
        for row in app.formation.values()
        if row.type != RELEASE_TYPE
    }
    check_generation(desired.values(), app.generation)
    check_limits(after.values(), changed=desired.values())
    return desired


def find_row(app: App, type_or_id: object) -> FormationRow:
    """Return the formation row with this process type or uuid.

    Raises:
        ApiError: 404, not found.
    """
    for row in app.formation.values():
        if type_or_id in (row.type, row.id):
            return row
    message = f"Couldn't find that process type ({type_or_id})."
    raise not_found("formation", message)


def read_quantity(value: object, current: int) -> int:
    """Return the quantity that 3, "3", "+1" or "-1" results in.

    Raises:
        ApiError: 422, it is not a quantity, or results in less than zero.
    """
    if value is None:
        return current
    quantity: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        quantity = value
    elif isinstance(value, str) and (found := DIGITS.fullmatch(value)):
        sign, number = found[1], int(found[2])
        quantity = {"+": current + number, "-": current - number}.get(sign, number)
    if quantity is None or not 0 <= quantity <= MOST:
        raise invalid_params(f"Quantity {value!r} must be 0 or more dynos.")
    return quantity


def read_size(update: Mapping[str, Any], current: DynoSize) -> DynoSize:
    """Return the size that `dyno_size`, or the older `size`, names.

    Raises:
        ApiError: 422, it does not exist.
    """
    name: object = update.get("size")
    if (dyno_size := update.get("dyno_size")) is not None:
        keys = dyno_size if isinstance(dyno_size, dict) else {}
        name = keys.get("id") or keys.get("name") or dyno_size
    if name is None:
        return current
    size = find_size(name) if isinstance(name, str) else None
    if size is None:
        available = ", ".join(known.name for known in SIZES)
        raise invalid_params(
            f"No such size as {name}. Available dyno sizes are {available}."
        )
    return size


def check_generation(rows: Iterable[DesiredRow], generation: Generation) -> None:
    """Refuse a size that the generation of an app does not have.

    Raises:
        ApiError: 422.
    """
    for row in rows:
        if row.size.generation is not generation:
            available = ", ".join(known.name for known in sizes_of(generation))
            raise invalid_params(
                f"No such size as {row.size.name}. Available dyno sizes are "
                f"{available}."
            )


def check_limits(rows: Iterable[DesiredRow], changed: Iterable[DesiredRow]) -> None:
    """Refuse a formation with mixed tiers or too many dynos.

    Args:
        rows: the formation after the change.
        changed: the rows in the request, which the errors are about.

    Raises:
        ApiError: 422 with the limit in its body.
    """
    rows, changed = list(rows), list(changed)
    if error := _mixed_tiers(rows) or _type_limit(changed) or _app_limit(rows, changed):
        raise error


def _mixed_tiers(rows: list[DesiredRow]) -> ApiError | None:
    if len({row.size.tier.process_tier for row in rows}) < 2:
        return None
    names = " and ".join(sorted({row.size.name for row in rows}))
    return invalid_params(
        f"Cannot use the following dyno types in the same app: {names}"
    )


def _type_limit(changed: list[DesiredRow]) -> ApiError | None:
    for row in changed:
        limit = row.size.per_type
        # A limit as large as the app's own is reported as that of the app.
        if row.quantity > limit and limit < row.size.per_app:
            return above_type_limit(size=row.size.name, limit=limit, asked=row.quantity)
    return None


def _app_limit(rows: list[DesiredRow], changed: list[DesiredRow]) -> ApiError | None:
    total = sum(row.quantity for row in rows)
    limit = min((row.size.per_app for row in rows), default=total)
    if total <= limit:
        return None
    row = next(iter(changed), rows[0])
    return above_app_limit(size=row.size.name, limit=limit, asked=total)

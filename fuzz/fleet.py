"""A fleet's file: it is read, or refused in one line; what is read can be written."""

from __future__ import annotations

from fuzz.promises import promise
from scalar.core.errors import InvalidInput
from scalar.formats.fleet_yaml import read_fleet, write_fleet

#: Shorter tokens stand in many a text by chance.
SHORTEST = 8


def check(data: bytes) -> None:
    """Read a file, write what was read, and read that."""
    try:
        entries = read_fleet(data.decode("utf-8", "replace"))
    except InvalidInput as exc:
        promise(str(exc), "an empty message")
        return
    written = write_fleet(entries)
    again = read_fleet(written)
    promise(
        [entry.name for entry in again] == [entry.name for entry in entries],
        f"other names: {entries} {again}",
    )
    promise(
        [entry.policies for entry in again] == [entry.policies for entry in entries],
        f"other policies: {entries} {again}",
    )
    for entry in entries:
        for secret in (entry.token.reveal(), entry.heroku_key.reveal()):
            is_hidden = len(secret) < SHORTEST or secret not in repr(entry)
            promise(is_hidden, "a secret shown")

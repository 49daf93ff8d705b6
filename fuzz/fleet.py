"""A fleet file: it is parsed or refused; what was parsed can be written and reread."""

from __future__ import annotations

from fuzz.invariants import require
from scalar.core.errors import InvalidInput
from scalar.formats.fleet_yaml import read_fleet, write_fleet

#: Shorter tokens occur in other texts by chance.
SHORTEST = 8


def check(data: bytes) -> None:
    """Parse a file, write the result, and parse that."""
    try:
        entries = read_fleet(data.decode("utf-8", "replace"))
    except InvalidInput as exc:
        require(str(exc), "an empty message")
        return
    written = write_fleet(entries)
    again = read_fleet(written)
    require(
        [entry.name for entry in again] == [entry.name for entry in entries],
        f"other names: {entries} {again}",
    )
    require(
        [entry.policies for entry in again] == [entry.policies for entry in entries],
        f"other policies: {entries} {again}",
    )
    for entry in entries:
        for secret in (entry.token.reveal(), entry.heroku_key.reveal()):
            is_hidden = len(secret) < SHORTEST or secret not in repr(entry)
            require(is_hidden, "a secret shown")

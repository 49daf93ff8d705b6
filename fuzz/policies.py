"""The texts of policies: each is parsed, or refused in one line.

Each line of the input is `name=text`, as in the environment; a `|` stands for a line
break inside a schedule.
"""

from __future__ import annotations

from typing import Any

from fuzz.invariants import require, require_one_line
from scalar.core.errors import InvalidInput
from scalar.core.policy.schedule_text import read_schedule
from scalar.core.policy.values import BY_NAME, check_together, read_value

LONGEST = 2_000


def check(data: bytes) -> None:
    """Parse each value alone, then check them together."""
    text = data.decode("utf-8", "surrogateescape")
    values: dict[str, Any] = {}
    for line in text.split("\n"):
        name, _, what = line.partition("=")
        _read(name, what.replace("|", "\n"), values)
    try:
        check_together(values)
    except InvalidInput as exc:
        require_one_line(exc, longest=20 * len(text) + LONGEST)


def _read(name: str, text: str, values: dict[str, Any]) -> None:
    try:
        value = read_value(name, text)
    except InvalidInput as exc:
        require_one_line(exc, longest=20 * (len(text) + len(name)) + LONGEST)
    else:
        require(name in BY_NAME, f"{name!r} is not a policy value")
        if value is not None:
            values[name] = value
    try:
        read_schedule(text)
    except InvalidInput as exc:
        require_one_line(exc, longest=20 * len(text) + LONGEST)

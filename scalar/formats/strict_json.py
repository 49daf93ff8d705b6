"""Read JSON strictly: what two programs could read in two ways is seen.

A repeated name is kept as it stands, and what is no number in JSON is none here.
"""

from __future__ import annotations

import json
from math import isfinite

from scalar.core.errors import CountsMalformed
from scalar.core.reading import Count, Counted, Unknown
from scalar.core.reason import Reason

#: Heroku's longest process type name (Platform API schema).
MAX_NAME = 128
#: More process types than any app can have; a guard against abuse.
MAX_PROCESS_TYPES = 500
#: Digits of a number that are repeated in a message.
LONGEST_NUMBER = 40


class NotANumber:
    """Stands for NaN, Infinity and -Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text


class Members(list[tuple[str, object]]):
    """An object's members as they stand, so that a repeated name is seen."""

    def get(self, name: str) -> object:
        """Return the value of a name; None if it is not there, or is there twice."""
        values = [value for key, value in self if key == name]
        return values[0] if len(values) == 1 else None

    def has(self, name: str) -> bool:
        """Return whether a name is there at all."""
        return any(key == name for key, _ in self)


def load(body: bytes) -> object:
    """Return what JSON in UTF-8 holds; objects as `Members`.

    Raises:
        CountsMalformed: It is no JSON.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_constant=NotANumber,
            object_pairs_hook=Members,
        )
    except (ValueError, RecursionError) as exc:
        raise CountsMalformed(f"the answer is not JSON: {_excerpt(body)}") from exc


def check_size(process_types: int) -> None:
    """Raise `CountsMalformed` if an answer names more than any app can have."""
    if process_types > MAX_PROCESS_TYPES:
        raise CountsMalformed(
            f"the answer names {process_types} process types, "
            f"at most {MAX_PROCESS_TYPES} are read"
        )


def may_be_a_process_type(name: object) -> bool:
    """Return whether a name can be told, logged and stored at all.

    PostgreSQL takes no NUL, and half a surrogate pair is no UTF-8.
    """
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable()


def counted(value: object) -> Counted:
    """Return a value as a count, or why it is none."""
    if value is None:
        return Unknown(Reason.COUNT_NULL, "the app says that it does not know")
    number = number_of(value)
    return Unknown(Reason.COUNT_INVALID, number) if isinstance(number, str) else number


def number_of(value: object) -> Count | str:
    """Return a finite number of at least 0, or in a few words why it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{kind_of(value)} is no count"
    if isinstance(value, float) and not isfinite(value):
        return "the number is not finite"
    if value < 0:
        return f"{str(value)[:LONGEST_NUMBER]} is below 0"
    return value


def named_twice() -> Unknown:
    """Return what is said of a process type that an answer names again."""
    return Unknown(Reason.COUNT_INVALID, "the answer names it more than once")


def kind_of(value: object) -> str:
    """Return what kind of JSON a value is, in a word or two."""
    kinds: tuple[tuple[type, str], ...] = (
        (Members, "an object"),
        (list, "a list"),
        (str, "text"),
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
    )
    if isinstance(value, NotANumber):
        return value.text
    return next((word for kind, word in kinds if isinstance(value, kind)), "null")


def _excerpt(body: bytes) -> str:
    """Return the first characters of an answer, fit for one line of a log."""
    if not body.strip():
        return "it is empty"
    text = body[:60].decode("utf-8", "replace")
    return f"it begins with {' '.join(text.split())!r}"

"""Parse JSON strictly: keep what other parsers would silently resolve.

Repeated names are kept, so that they can be rejected; NaN and Infinity, which JSON
does not have, are not numbers.
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
#: Characters of a number that a message quotes.
MAX_DIGITS = 40
#: Names of members that report an error, unless they are numbers or empty.
ERRORS = frozenset({"error", "errors", "exception", "err"})
NO_ERROR: tuple[object, ...] = (None, False, "", [])
#: Names of members that are false, or say so, when something failed.
GOOD = frozenset({"ok", "success", "healthy"})
STATES = frozenset({"status", "state", "result"})
FAILED = frozenset({"error", "fail", "failed", "failure", "unavailable"})
#: The detail of a null that comes without a reason.
NOT_KNOWN = "the app says that it does not know"


class NotANumber:
    """Stands for NaN, Infinity and -Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text


class Members(list[tuple[str, object]]):
    """An object's members in order, so that a repeated name can be detected."""

    def get(self, name: str) -> object:
        """Return the value of a name; None if the name is missing or repeated."""
        values = [value for member, value in self if member == name]
        return values[0] if len(values) == 1 else None

    def has(self, name: str) -> bool:
        """Return whether the object has a name."""
        return any(member == name for member, _ in self)


def load(body: bytes) -> object:
    """Parse JSON in UTF-8; return objects as `Members`.

    Raises:
        CountsMalformed: The body is not JSON.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_constant=NotANumber,
            object_pairs_hook=Members,
        )
    except (ValueError, RecursionError) as exc:
        raise CountsMalformed(f"the answer is not JSON: {_excerpt(body)}") from exc


def told_error(answer: object) -> str:
    """Return the error that an object reports beside its numbers; empty if none.

    An app may answer with its defaults and an error, so that its zeros mean nothing.
    """
    if not isinstance(answer, Members):
        return ""
    for name, value in answer:
        word = name.strip().lower()
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if word in ERRORS and not is_number and value not in NO_ERROR:
            return f"it has {name!r}"
        if (word in GOOD and value is False) or (
            word in STATES and isinstance(value, str) and value.lower() in FAILED
        ):
            return f"it says {name!r} is {str(value).lower()}"
    return ""


def check_size(process_types: int) -> None:
    """Raise `CountsMalformed` if an answer names more than any app can have."""
    if process_types > MAX_PROCESS_TYPES:
        raise CountsMalformed(
            f"the answer names {process_types} process types, "
            f"at most {MAX_PROCESS_TYPES} are read"
        )


def is_valid_name(name: object) -> bool:
    """Return whether a process type's name can be printed, logged and stored.

    PostgreSQL rejects NUL, and UTF-8 cannot encode half a surrogate pair.
    """
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable()


def parse_count(value: object) -> Counted:
    """Return a value as a count, or `Unknown` with the reason."""
    if value is None:
        return Unknown(Reason.COUNT_NULL, NOT_KNOWN)
    number = parse_number(value)
    return Unknown(Reason.COUNT_INVALID, number) if isinstance(number, str) else number


def parse_number(value: object) -> Count | str:
    """Return a finite number of at least 0, or what is wrong with the value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number, not {kind_of(value)}"
    if isinstance(value, float) and not isfinite(value):
        return "the number is not finite"
    if value < 0:
        return f"{str(value)[:MAX_DIGITS]} is below 0"
    return value


def repeated() -> Unknown:
    """Return the `Unknown` of a process type that an answer names repeatedly."""
    return Unknown(Reason.COUNT_INVALID, "the answer names it more than once")


def kind_of(value: object) -> str:
    """Return a value's JSON type as shown in messages."""
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
    """Return the start of an answer, as a one-line excerpt."""
    if not body.strip():
        return "it is empty"
    text = body[:60].decode("utf-8", "replace")
    return f"it begins with {' '.join(text.split())!r}"

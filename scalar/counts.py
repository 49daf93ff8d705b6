"""Read an app's answer strictly: bytes in, readings out.

The answer is one JSON object of process type to count. What is not a finite
number of at least 0 becomes `Unknown`, for that process type alone; an answer
that is no such object is refused as a whole.
"""

from __future__ import annotations

import json
from math import isfinite

from scalar.errors import CountsMalformed
from scalar.model import Reading, Reason, Unknown

#: Heroku's longest process type name (Platform API schema).
MAX_NAME = 128
#: More process types than any app can have; a guard against abuse.
MAX_PROCESS_TYPES = 500


class _NotANumber:
    """Stands for NaN, Infinity and -Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Pairs(list[tuple[str, object]]):
    """An object's members as they stand, so that a repeated name is seen."""


def parse_counts(body: bytes) -> dict[str, Reading]:
    """Return what an app's answer says of each process type.

    Names that no process type can have are left out.

    Raises:
        CountsMalformed: The body is no JSON object in UTF-8, or has more than
            `MAX_PROCESS_TYPES` members.
    """
    try:
        answer = json.loads(
            body.decode("utf-8"),
            parse_constant=_NotANumber,
            object_pairs_hook=_Pairs,
        )
    except (ValueError, RecursionError) as exc:
        raise CountsMalformed(f"the answer is not JSON: {_excerpt(body)}") from exc
    if not isinstance(answer, _Pairs):
        raise CountsMalformed(
            "the answer must be a JSON object of process type to count, "
            f"not {_kind(answer)}"
        )
    if len(answer) > MAX_PROCESS_TYPES:
        raise CountsMalformed(
            f"the answer names {len(answer)} process types, "
            f"at most {MAX_PROCESS_TYPES} are read"
        )
    readings: dict[str, Reading] = {}
    for name, value in answer:
        if name in readings:
            readings[name] = Unknown(
                Reason.COUNT_INVALID, "the answer names it more than once"
            )
        elif _may_be_a_process_type(name):
            readings[name] = _reading(value)
    return readings


def _may_be_a_process_type(name: str) -> bool:
    """Return whether a name can be told, logged and stored at all.

    PostgreSQL takes no NUL, and half a surrogate pair is no UTF-8.
    """
    return 0 < len(name) <= MAX_NAME and name.isprintable()


def _reading(value: object) -> Reading:
    if value is None:
        return Unknown(Reason.COUNT_NULL, "the app says that it does not know")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _invalid(f"{_kind(value)} is no count")
    if not isfinite_number(value):
        return _invalid("the number is not finite")
    if value < 0:
        return _invalid(f"{value} is below 0")
    return value


def isfinite_number(value: float) -> bool:
    """Return whether a number is finite; integers of any size are."""
    return isinstance(value, int) or isfinite(value)


def _invalid(detail: str) -> Unknown:
    return Unknown(Reason.COUNT_INVALID, detail)


def _kind(value: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (_Pairs, "an object"),
        (list, "a list"),
        (str, "text"),
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
    )
    if isinstance(value, _NotANumber):
        return value.text
    return next((word for kind, word in kinds if isinstance(value, kind)), "null")


def _excerpt(body: bytes) -> str:
    """Return the first characters of an answer, fit for one line of a log."""
    if not body.strip():
        return "it is empty"
    text = body[:60].decode("utf-8", "replace")
    return f"it begins with {' '.join(text.split())!r}"

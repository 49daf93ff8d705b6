"""Numbers in texts of others: headers, JSON, what stands in Redis."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"\s*[0-9]{1,18}\s*", re.ASCII)


def whole_number(value: object) -> int | None:
    """Return a number of 0 or more, from a number or a text; None for all else.

    `str.isdigit` followed by `int` fails on a superscript two, which is the byte 0xb2
    of a header, and on some thousand digits.
    """
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**18 else None

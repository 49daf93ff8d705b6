"""Yes or no, as people write it: one reader for settings and policies."""

from __future__ import annotations

from scalar.core.errors import InvalidInput

_WORDS = {
    "yes": True,
    "no": False,
    "on": True,
    "off": False,
    "true": True,
    "false": False,
    "1": True,
    "0": False,
}
_RULE = "must be yes, no, on, off, true, false, 1 or 0"


def read_boolean(text: str) -> bool:
    """Return the value of a word, in any case.

    Raises:
        InvalidInput: It is another word; the message lists those that are taken.
    """
    try:
        return _WORDS[text.lower()]
    except KeyError as exc:
        raise InvalidInput(_RULE) from exc

"""Secrets, and how they are kept out of text."""

from __future__ import annotations

import re

#: Shown in place of a secret.
HIDDEN = "***"

#: HireFire's older agents take their token as a part of the path.
INFO_PATH = re.compile(
    r"(?P<before>/hirefire/)(?P<token>[^/\s?#]+)(?P<after>/info\b/?)"
)

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)

#: To the last @ of a word: a password may have a quote or a bare slash in it, and
#: what was taken for a path may have lost a slash.
_URL_PASSWORD = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*:/{1,2})\S*@", re.IGNORECASE)


class Secret:
    """A text that only `reveal` returns; its repr is `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"


NO_SECRET = Secret("")


def redact(text: str) -> str:
    """Return the text without the secrets of URLs in it.

    Those are user names, passwords, and the token in HireFire's older path.
    """
    return _without_path_token(_URL_PASSWORD.sub(r"\g<scheme>***@", text))


def _without_path_token(text: str) -> str:
    return INFO_PATH.sub(rf"\g<before>{HIDDEN}\g<after>", text)


def redact_input(text: str) -> str:
    """Return a malformed URL without anything before its last `@`.

    A bare `/` in a password makes the URL invalid, so that `redact` would miss it.
    """
    before, at, rest = text.rpartition("@")
    scheme = _SCHEME.match(before)
    shown = f"{scheme[0] if scheme else ''}***@{rest}" if at else text
    return _without_path_token(shown)

"""Secrets, and how they are kept out of text."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

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

#: A parameter of a URL, or of a connection string, whose name says that it is secret.
_PARAMETER = re.compile(
    r"(?P<name>\b[\w.-]*(?:passw(?:or)?d|passwd|pwd|passphrase|token|secret|api[_-]?key"
    r"|access[_-]?key|credentials?|signature))=(?P<quote>[\"']?)[^\s&;,\"'<>*]+",
    re.IGNORECASE,
)
#: The value of a header that signs a request, and its credentials in other text.
_AUTHORIZATION = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization\b[\"']?\s*[:=]\s*[\"']?)"
    r"(?:(?:basic|bearer|digest|token)\s+)?[^\s\"',*][^\s\"',]*",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"\b(?P<name>basic|bearer)\s+[a-z0-9+/_.~-]{16,}=*", re.IGNORECASE
)
#: A text that was cut off may end in the beginning of a secret, of this length.
_LEAST_CUT = 6


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
    """Return the text without secrets that their place gives away.

    Those are the user names and passwords of URLs, the token in HireFire's older path,
    parameters such as `?password=`, and what signs a request.
    """
    text = _without_path_token(_URL_PASSWORD.sub(r"\g<scheme>***@", text))
    text = _PARAMETER.sub(rf"\g<name>=\g<quote>{HIDDEN}", text)
    text = _AUTHORIZATION.sub(rf"\g<name>{HIDDEN}", text)
    return _CREDENTIALS.sub(rf"\g<name> {HIDDEN}", text)


def secrets_of_url(text: str) -> list[str]:
    """Return what is secret in a URL: its password, or its user, and parameters."""
    try:
        parts = urlsplit(text)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return []
    pairs = parse_qsl(parts.query)
    named = [value for name, value in pairs if _PARAMETER.match(f"{name}=x")]
    return [password or user, *named]


class Redactor:
    """Takes given secrets out of text, in whatever spelling they stand there.

    Those are plain text, percent-encoded as a whole or in part, as JSON or Python quote
    it, and Base64 as Basic authentication sends it.
    """

    def __init__(self, secrets: Iterable[str], *, user: str = "") -> None:
        """Initialise it.

        Args:
            secrets: The secrets, as plain text; empty ones are ignored.
            user: The user that they are sent with in Basic authentication.
        """
        plain = sorted({one for one in secrets if one}, key=len, reverse=True)
        pairs = {pair for one in plain for pair in _pairs(user, one)}
        self._plain = (*plain, *sorted(pairs, key=len, reverse=True))
        spellings = [*map(_pattern, plain), *(f"{p}=*" for p in map(re.escape, pairs))]
        self._pattern = re.compile("|".join(sorted(spellings, key=len, reverse=True)))

    def redact(self, text: str) -> str:
        """Return the text without these secrets, and without those `redact` knows."""
        if self._plain:
            text = self._pattern.sub(HIDDEN, text)
            text = self._without_cut_secret(text)
        return redact(text)

    def finds(self, text: str) -> bool:
        """Return whether one of the secrets stands in a text."""
        return bool(self._plain) and self._pattern.search(text) is not None

    def _without_cut_secret(self, text: str) -> str:
        for one in self._plain:
            for length in range(min(len(one) - 1, len(text)), _LEAST_CUT - 1, -1):
                if text.endswith(one[:length]):
                    return text[:-length] + HIDDEN
        return text


def _pairs(user: str, secret: str) -> list[str]:
    """Return the Base64 of what Basic authentication sends, without padding."""
    pairs = (f"{user}:{secret}", f":{secret}", f"{secret}:", secret)
    encoded = [b64encode(pair.encode(errors="replace")).decode() for pair in pairs]
    safe = [text.replace("+", "-").replace("/", "_") for text in encoded]
    return [text.rstrip("=") for text in (*encoded, *safe)]


def _pattern(secret: str) -> str:
    return "".join(map(_spellings, secret))


def _spellings(char: str) -> str:
    """Return a pattern of one character, plain, escaped or percent-encoded."""
    encoded = "".join(f"%{byte:02X}" for byte in char.encode(errors="replace"))
    either = [re.escape(char), f"(?i:{encoded})"]
    if char in "\\\"'/":
        either.append(re.escape(f"\\{char}"))
    if char == " ":
        either.append(r"\+")
    if not char.isascii():
        either.append(f"(?i:{re.escape(char.encode('unicode_escape').decode())})")
    return f"(?:{'|'.join(either)})"


def _without_path_token(text: str) -> str:
    return INFO_PATH.sub(rf"\g<before>{HIDDEN}\g<after>", text)


def redact_input(text: str) -> str:
    """Return a malformed URL without anything before its last `@`.

    A bare `/` in a password makes the URL invalid, so that `redact` would miss it.
    """
    before, at, rest = text.rpartition("@")
    scheme = _SCHEME.match(before)
    shown = f"{scheme[0] if scheme else ''}***@{rest}" if at else text
    return redact(shown)

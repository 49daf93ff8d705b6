"""Values that must never be shown, and addresses that carry some."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, quote, unquote, urlsplit

from scalar.errors import InvalidInput

#: What stands in the place of a secret.
HIDDEN = "***"
#: Where HireFire's older agents take their token: inside the path.
INFO_PATH = re.compile(
    r"(?P<before>/hirefire/)(?P<token>[^/\s?#]+)(?P<after>/info\b/?)"
)
#: The schemes of brokers, of which an app's work can be measured.
BROKERS = ("redis", "rediss", "amqp", "amqps")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
#: To the last @ of a word: a password may have a quote or a bare slash in it, and
#: what was taken for a path may have lost a slash.
_URL_PASSWORD = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*:/{1,2})\S*@", re.IGNORECASE)
#: White space, control characters, a backslash, half a surrogate pair.
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f\\\ud800-\udfff]")
#: A host, or an IPv6 address in brackets, and a port.
_PLACE = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]+)(:[0-9]*)?")


class Secret:
    """A text that only `reveal` gives away; printed, it is `***`."""

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
    """Return the text without what is secret inside URLs.

    That is user names and passwords, and the token in HireFire's older path.
    """
    return _without_path_token(_URL_PASSWORD.sub(r"\g<scheme>***@", text))


def _without_path_token(text: str) -> str:
    return INFO_PATH.sub(rf"\g<before>{HIDDEN}\g<after>", text)


def redact_input(text: str) -> str:
    """Return what should have been a URL, without all before its last `@`.

    A password with a bare `/` in it makes the URL a bad one, and `redact` blind.
    """
    before, at, rest = text.rpartition("@")
    scheme = _SCHEME.match(before)
    shown = f"{scheme[0] if scheme else ''}***@{rest}" if at else text
    return _without_path_token(shown)


@dataclass(frozen=True, slots=True)
class CountsUrl:
    """The URL at which an app serves its counts, or that of its broker.

    Attributes:
        address: The URL without user and password.
        user: For basic authentication, or of the broker; empty if there is none.
        password: The same.
    """

    address: str
    user: str = ""
    password: Secret = NO_SECRET

    @classmethod
    def parse(cls, text: str) -> CountsUrl:
        """Take a URL apart, with `user:password@` if it carries them.

        Raises:
            InvalidInput: Neither http, https nor a broker, no host, white space or
                a backslash, a bad port, or a fragment.
        """
        shown = redact_input(text)
        if not text or _UNFIT.search(text):
            raise InvalidInput(
                f"URL {shown!r} must not be empty or hold white space, a backslash or "
                "what is no UTF-8"
            )
        try:
            parts = urlsplit(text)
            # A bracket of the user can hide that the host is none.
            urlsplit(f"//{parts.netloc.rpartition('@')[2]}")
            port = parts.port
        except ValueError as exc:
            raise InvalidInput(
                f"URL {shown!r} is not valid: its host or port cannot be read. In a "
                "password, / ? # @ are written %2F %3F %23 %40"
            ) from exc
        if parts.scheme not in ("http", "https", *BROKERS):
            raise InvalidInput(
                f"URL {shown!r} must begin with https:// or http://, or be a broker's: "
                + ", ".join(f"{scheme}://" for scheme in BROKERS)
            )
        if not parts.hostname or not _PLACE.fullmatch(parts.netloc.rpartition("@")[2]):
            raise InvalidInput(f"URL {shown!r} names no host")
        if port == 0:
            raise InvalidInput(f"URL {shown!r} has port 0, must be 1 to 65535")
        if "@" in parts.path + parts.query:
            raise InvalidInput(
                f"URL {shown!r} has an @ behind its host. In a password, / ? # @ are "
                "written %2F %3F %23 %40; in a path, @ is %40"
            )
        if parts.fragment:
            raise InvalidInput(f"URL {shown!r} must not have a #fragment")
        return cls(
            _without_user(parts),
            unquote(parts.username or ""),
            Secret(unquote(parts.password or "")),
        )

    @property
    def host(self) -> str:
        """The host's name, as the URL has it."""
        return urlsplit(self.address).hostname or ""

    @property
    def scheme(self) -> str:
        """Its first word, such as "https"."""
        return urlsplit(self.address).scheme

    @property
    def is_broker(self) -> bool:
        """Whether it is that of a broker."""
        return self.scheme in BROKERS

    @property
    def path(self) -> str:
        """Its path, which begins with a slash."""
        return urlsplit(self.address).path

    @property
    def query(self) -> str:
        """What stands behind its `?`."""
        return urlsplit(self.address).query

    def with_path(self, path: str) -> CountsUrl:
        """Return it with another path."""
        return replace(
            self, address=urlsplit(self.address)._replace(path=path).geturl()
        )

    @property
    def has_credentials(self) -> bool:
        """Whether it carries a user or a password."""
        return bool(self.user or self.password)

    def reveal(self) -> str:
        """Return the URL with its user and password, to be stored."""
        if not self.has_credentials:
            return self.address
        scheme, rest = self.address.split("://", 1)
        user, password = (
            quote(self.user, safe=""),
            quote(self.password.reveal(), safe=""),
        )
        return f"{scheme}://{user}:{password}@{rest}"

    def shown(self) -> str:
        """Return the URL as it may be printed: `https://user:***@host/...`.

        A user without a password, and what stands behind a `?`, may be a token.
        """
        base, mark, _ = self.address.partition("?")
        rest = f"{base}?***" if mark else base
        if not self.has_credentials:
            return rest
        who = f"{self.user}:***" if self.password else "***"
        scheme, place = rest.split("://", 1)
        return f"{scheme}://{who}@{place}"

    def __str__(self) -> str:
        return self.shown()

    def __repr__(self) -> str:
        return f"CountsUrl({self.shown()!r})"


def _without_user(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, path=parts.path or "/").geturl()

"""The URL of an app's counts or of its broker, in parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, quote, unquote, urlsplit

from scalar.core.errors import InvalidInput
from scalar.core.secret import NO_SECRET, Secret, redact_input

#: The schemes of brokers whose queues can be measured.
BROKERS = ("redis", "rediss", "amqp", "amqps")

#: White space, control characters, a backslash, half a surrogate pair.
_UNFIT = re.compile(r"[\s\x00-\x1f\x7f\\\ud800-\udfff]")

#: A host, or an IPv6 address in brackets, and a port.
_PLACE = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]+)(:[0-9]*)?")


@dataclass(frozen=True, slots=True)
class CountsUrl:
    """The URL of an app's counts or of its broker.

    Attributes:
        address: The URL without user and password.
        user: User for basic authentication or of the broker; may be empty.
        password: Password of that user; may be empty.
    """

    address: str
    user: str = ""
    password: Secret = NO_SECRET

    @classmethod
    def parse(cls, text: str) -> CountsUrl:
        """Parse a URL, with or without `user:password@`.

        Raises:
            InvalidInput: It has another scheme, no host, white space, a backslash, a
                bad port or a fragment.
        """
        shown = redact_input(text)
        if not text or _UNFIT.search(text):
            raise InvalidInput(
                f"URL {shown!r} must not be empty or contain white space, a backslash "
                "or text that is not valid UTF-8"
            )
        try:
            parts = urlsplit(text)
            # A bracket in the user can hide an invalid host.
            urlsplit(f"//{parts.netloc.rpartition('@')[2]}")
            port = parts.port
        except ValueError as exc:
            raise InvalidInput(
                f"URL {shown!r} is not valid: its host or port cannot be read. In a "
                "password, write / ? # @ as %2F %3F %23 %40"
            ) from exc
        if parts.scheme not in ("http", "https", *BROKERS):
            raise InvalidInput(
                f"URL {shown!r} must begin with https:// or http://, or be a broker's: "
                + ", ".join(f"{scheme}://" for scheme in BROKERS)
            )
        if not parts.hostname or not _PLACE.fullmatch(parts.netloc.rpartition("@")[2]):
            raise InvalidInput(f"URL {shown!r} has no host")
        if port == 0:
            raise InvalidInput(f"URL {shown!r} has port 0, must be 1 to 65535")
        if "@" in parts.path + parts.query:
            raise InvalidInput(
                f"URL {shown!r} has an @ after its host. In a password, write / ? # @ "
                "as %2F %3F %23 %40; in a path, write @ as %40"
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
        """The name of the host."""
        return urlsplit(self.address).hostname or ""

    @property
    def origin(self) -> str:
        """Scheme, host and port: where its secrets may be sent."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @property
    def scheme(self) -> str:
        """The scheme, such as "https"."""
        return urlsplit(self.address).scheme

    @property
    def is_broker(self) -> bool:
        """Whether it is the URL of a broker."""
        return self.scheme in BROKERS

    @property
    def path(self) -> str:
        """The path, with its leading slash."""
        return urlsplit(self.address).path

    @property
    def query(self) -> str:
        """The part after the `?`."""
        return urlsplit(self.address).query

    def with_path(self, path: str) -> CountsUrl:
        """Return the URL with another path."""
        return replace(
            self, address=urlsplit(self.address)._replace(path=path).geturl()
        )

    def at(self, other: CountsUrl) -> CountsUrl:
        """Return the same at the host and port of another URL."""
        place = urlsplit(other.address).netloc
        moved = urlsplit(self.address)._replace(netloc=place)
        return replace(self, address=moved.geturl())

    @property
    def has_credentials(self) -> bool:
        """Whether it has a user or a password."""
        return bool(self.user or self.password)

    def reveal(self) -> str:
        """Return the URL with its user and password, for storing."""
        if not self.has_credentials:
            return self.address
        scheme, rest = self.address.split("://", 1)
        user, password = (
            quote(self.user, safe=""),
            quote(self.password.reveal(), safe=""),
        )
        return f"{scheme}://{user}:{password}@{rest}"

    def shown(self) -> str:
        """Return the URL without secrets: `https://user:***@host/...`.

        A user without a password may be a token, and so may the query.
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

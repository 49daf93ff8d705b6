"""Where the counts of an app are read, and in which form.

That is the URL of an API, or of a Celery broker that is measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from scalar.core.broker_options import read_options
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput
from scalar.core.reading import Form
from scalar.core.secret import (
    HIDDEN,
    INFO_PATH,
    NO_SECRET,
    Redactor,
    Secret,
    secrets_of_url,
)

#: Process type to the queues that its workers read.
Queues = Mapping[str, tuple[str, ...]]

HIREFIRE_PATH = re.compile(r"/hirefire/?$")
#: What both a header and a path can carry.
TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")
QUEUE = re.compile(r"[^\s,\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True)
class CountsAddress:
    """Where and how the counts of an app are read.

    Attributes:
        url: The URL of its API or broker. A token in the path is replaced by `***`.
        form: The form of its answers; CELERY for a broker.
        token: The token of the app's agent; empty if there is none.
        queues: The queues of each process type, for a broker.
    """

    url: CountsUrl
    form: Form = Form.AUTO
    token: Secret = NO_SECRET
    queues: Queues = field(default_factory=dict)

    @classmethod
    def parse(
        cls,
        text: str,
        form: Form | None = None,
        token: Secret = NO_SECRET,
        queues: Queues | None = None,
    ) -> CountsAddress:
        """Parse a URL, and check that it fits the other parts.

        Args:
            text: The URL as typed.
            form: The form of the answers; None to infer it from the URL.
            token: The token of the app's agent.
            queues: The queues of each process type, for a broker.

        Raises:
            InvalidInput: A part is invalid or contradicts another one.
        """
        url = CountsUrl.parse(text)
        in_path = _token_in(url)
        if in_path and in_path != HIDDEN:
            found = Secret(unquote(in_path))
            if token and token != found:
                raise InvalidInput(
                    "The URL has a token in its path that differs from the given one"
                )
            url, token = _with_token(url, HIDDEN), found
        return cls.of(url, form, token, queues)

    @classmethod
    def of(
        cls,
        url: CountsUrl,
        form: Form | None = None,
        token: Secret = NO_SECRET,
        queues: Queues | None = None,
    ) -> CountsAddress:
        """Like `parse`, for a URL that is parsed already."""
        address = cls(url, form or form_of(url), token, dict(queues or {}))
        _check(address)
        return address

    @property
    def has_token_in_path(self) -> bool:
        """Whether the token is a part of the path."""
        return _token_in(self.url) == HIDDEN

    @property
    def carries_a_secret(self) -> bool:
        """Whether there is a password or a token."""
        return self.url.has_credentials or bool(self.token)

    def secrets(self) -> list[str]:
        """Return all that is secret of it, as plain text."""
        token, url = self.token.reveal(), secrets_of_url(self.url.reveal())
        return [one for one in (token, *url) if one]

    def redact(self, text: str) -> str:
        """Return a text, such as the app's own words, without any of its secrets."""
        return Redactor(self.secrets(), user=self.url.user).redact(text)

    def request_url(self) -> str:
        """Return the URL to request: without user and password, with its token."""
        if not self.token:
            return self.url.address
        token = quote(self.token.reveal(), safe="")
        return _with_token(self.url, token).address

    def shown(self) -> str:
        """Return the URL without secrets, for printing."""
        return self.url.shown()

    def described(self) -> str:
        """Return the URL without secrets and, unless it is AUTO, its form."""
        if self.form is Form.AUTO:
            return self.shown()
        queues = shown_queues(self.queues)
        return f"{self.shown()} ({self.form}{': ' if queues else ''}{queues})"

    def __str__(self) -> str:
        return self.shown()


def form_of(url: CountsUrl) -> Form:
    """Infer the form from a URL."""
    if url.is_broker:
        return Form.CELERY
    is_hirefire = HIREFIRE_PATH.search(url.path) or _token_in(url)
    return Form.HIREFIRE if is_hirefire else Form.AUTO


def read_queues(words: tuple[str, ...] | list[str]) -> dict[str, tuple[str, ...]]:
    """Return the queues of each process type, from `worker=default,mail`.

    Raises:
        InvalidInput: A word has another form, or a process type stands twice.
    """
    queues: dict[str, tuple[str, ...]] = {}
    for word in words:
        process_type, mark, names = word.partition("=")
        if not mark:
            raise InvalidInput(
                f"Queues {word!r} must be PROCESS_TYPE=queue, or several queues "
                "with commas between"
            )
        if process_type in queues:
            raise InvalidInput(f"Queues of {process_type!r} are given twice")
        queues[process_type] = tuple(name.strip() for name in names.split(","))
    return queues


def shown_queues(queues: Queues) -> str:
    """Return the queues as `worker=default,mail mailer=post`."""
    return " ".join(f"{name}={','.join(queues[name])}" for name in sorted(queues))


def _token_in(url: CountsUrl) -> str:
    """Return the token in the path, or its placeholder; empty if there is none."""
    found = None if url.is_broker else INFO_PATH.search(url.path)
    return found["token"] if found else ""


def _with_token(url: CountsUrl, token: str) -> CountsUrl:
    """Return the URL with another token in its path."""
    if not _token_in(url):
        return url
    path = INFO_PATH.sub(
        lambda found: found["before"] + token + found["after"], url.path, count=1
    )
    return url.with_path(path)


def _check(address: CountsAddress) -> None:
    if address.url.is_broker:
        _check_broker(address)
    else:
        _check_http(address)
    for process_type, names in address.queues.items():
        if not process_type:
            raise InvalidInput("Queues must be of a process type: worker=celery")
        if not names or not all(QUEUE.fullmatch(name) for name in names):
            raise InvalidInput(
                f"Queues of {process_type!r} must be names without white space and "
                "commas, at least one"
            )


def _check_broker(address: CountsAddress) -> None:
    if address.form is not Form.CELERY:
        raise InvalidInput(
            f"{address} is a broker: its form must be celery, not {address.form}"
        )
    if address.token:
        raise InvalidInput(
            f"{address} is a broker, which has no token: its password is part of its "
            "URL"
        )
    read_options(address.url.query)
    if not address.queues:
        raise InvalidInput(
            f"{address} is a broker. Say which queues the workers of each process "
            "type read: --queues worker=celery"
        )


def _check_http(address: CountsAddress) -> None:
    if address.form is Form.CELERY:
        raise InvalidInput(
            f"{address} is not a broker: with the form celery the URL must begin with "
            "redis://, rediss://, amqp:// or amqps://"
        )
    if address.queues:
        raise InvalidInput(
            f"{address} is not a broker: over HTTP the app itself knows its queues"
        )
    if address.has_token_in_path and not address.token:
        raise InvalidInput(f"{address} has *** in place of its token")
    if address.token and not TOKEN.fullmatch(address.token.reveal()):
        raise InvalidInput(
            "The token must have 1 to 1000 ASCII characters without white space"
        )
    is_bearer = address.form is Form.SCALAR and not address.has_token_in_path
    if is_bearer and address.token and address.url.has_credentials:
        raise InvalidInput(
            f"{address} has a user or password as well as a token: this form takes "
            "only one of them"
        )

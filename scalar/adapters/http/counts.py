"""Read an app's counts over HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from scalar.adapters.deadline import DeadlineExceeded, within
from scalar.adapters.http.credentials import (
    contains_token,
    credentials,
    is_same_origin,
    keep_order,
)
from scalar.adapters.http.failures import (
    DROPPED,
    connecting_failed,
    describe,
    is_caused_by,
    place_of,
)
from scalar.adapters.http.freshness import Freshness
from scalar.adapters.http.getter import Getter
from scalar.adapters.own_words import without_secrets
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsError, CountsMalformed, CountsUnavailable
from scalar.core.reading import Form, Reading
from scalar.core.secret import redact
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE
from scalar.ports.counts import NOTHING_REMOVED

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
#: Prefer the agent's richer form; accept any other.
ACCEPT = f"{MEDIA_TYPE}, application/json;q=0.9"
HEADERS = {
    "Accept": ACCEPT,
    "Accept-Encoding": "identity",
    "Cache-Control": "no-cache",
}


class HttpCountSource:
    """The `CountSource` for apps that serve their counts over HTTP."""

    def __init__(
        self,
        getter: Getter,
        *,
        total_timeout: float,
        max_bytes: int,
        period: float,
    ) -> None:
        """Initialise it.

        Args:
            getter: Sends the requests.
            total_timeout: Seconds for one answer, redirects included.
            max_bytes: Longest answer that is read.
            period: Seconds between two polls; an answer older than that is stale.
        """
        self._getter = getter
        self._total_timeout = total_timeout
        self._max_bytes = max_bytes
        self._freshness = Freshness(period)

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return the app's reading of each process type.

        Raises:
            CountsUnavailable: The app did not answer in time, answered an HTTP error
                or with an answer of long ago, or redirects to an unusable address.
            CountsMalformed: The answer is invalid or too long.
        """
        try:
            with within(self._total_timeout):
                readings = parse_answer(*self._get(address, keep), address.form)
                return without_secrets(readings, address)
        except CountsError as exc:
            problem = exc
        except DeadlineExceeded:
            problem = self._too_late()
        except (HTTPError, OSError, ValueError) as exc:
            if is_caused_by(exc, DeadlineExceeded):
                problem = self._too_late()
            else:
                failed = connecting_failed(exc)
                place = place_of(failed) if failed else address.url.host
                problem = CountsUnavailable(f"{place}: {describe(failed or exc)}")
        # Raised without a cause, whose text may contain the URL with its token.
        raise type(problem)(address.redact(str(problem)))

    def _too_late(self) -> CountsUnavailable:
        return CountsUnavailable(f"no complete answer within {self._total_timeout:g} s")

    def _get(
        self, address: CountsAddress, keep: Mapping[str, int]
    ) -> tuple[bytes, str]:
        """Return the answer's body and media type, after redirects.

        Password, token and the order to keep dynos go to the registered origin only.
        """
        first = url = address.request_url()
        if keep:  # a second look: not for a cache to answer
            url = _distinct(url)
        for _ in range(MAX_REDIRECTS + 1):
            is_trusted = is_same_origin(url, first)
            if not is_trusted and contains_token(url, address):
                raise CountsUnavailable(
                    "the app redirects to another host or scheme with its token in "
                    "the path; register the address that it redirects to"
                )
            trusted = {**keep_order(keep), **credentials(address)} if is_trusted else {}
            with self._send(url, {**HEADERS, **trusted}) as response:
                if response.status not in REDIRECTS:
                    body = self._body(response, address.form)
                    self._freshness.check(first, response.headers, time.monotonic())
                    return body, response.headers.get("Content-Type", "")
                url = _redirect_target(url, response.headers.get("Location", ""))
        raise CountsUnavailable(f"more than {MAX_REDIRECTS} redirects")

    def _send(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Send a request; retry once if a kept connection turns out to be closed.

        An app may close a kept connection just as the next request is sent. That says
        nothing about the app, and a GET is idempotent.
        """
        try:
            return self._getter.get(url, headers)
        except (HTTPError, OSError) as exc:
            if not is_caused_by(exc, DROPPED):
                raise
            return self._getter.get(url, headers)

    def _body(self, response: BaseHTTPResponse, form: Form) -> bytes:
        if response.status != HTTPStatus.OK:
            raise CountsUnavailable(_describe_status(response.status, form))
        body = response.read(self._max_bytes + 1, decode_content=True)
        if len(body) > self._max_bytes:
            raise CountsMalformed(f"the answer is longer than {self._max_bytes} bytes")
        return body


def _describe_status(status: int, form: Form) -> str:
    text = f"the app answered HTTP {status}"
    if status == HTTPStatus.NOT_FOUND and form is Form.HIREFIRE:
        return f"{text}; HireFire's agents also answer that to a wrong token"
    return text


def _distinct(url: str) -> str:
    """Return a URL that was never requested before, for the same resource."""
    parts = urlsplit(url)
    look = f"look={secrets.token_hex(4)}"
    query = f"{parts.query}&{look}" if parts.query else look
    return parts._replace(query=query).geturl()


def _redirect_target(url: str, location: str) -> str:
    """Return the URL that a redirect leads to, without credentials."""
    if not location:
        raise CountsUnavailable("the app redirects without a Location")
    target = urljoin(url, location)
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CountsUnavailable(f"the app redirects to {redact(target)[:200]!r}")
    if urlsplit(url).scheme == "https" and parts.scheme == "http":
        raise CountsUnavailable("the app redirects from https to http")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

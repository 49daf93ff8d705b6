"""Ask an app for its counts over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import RemoteDisconnected
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError as Urllib3Error

from scalar.adapters.deadline import DeadlineExceeded, within
from scalar.answers import parse_answer
from scalar.errors import CountsMalformed, CountsUnavailable
from scalar.model import Reading
from scalar.secret import CountsUrl, redact

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
#: How a request ends on a connection that the other side has closed.
DROPPED = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class HttpCountSource:
    """The `CountSource` for apps that serve their counts over HTTP."""

    def __init__(
        self,
        session: requests.Session,
        *,
        total_timeout: float,
        max_bytes: int,
    ) -> None:
        self._session = session
        self._total_timeout = total_timeout
        self._max_bytes = max_bytes

    def read(self, url: CountsUrl) -> Mapping[str, Reading]:
        """Return what the app says of each process type.

        Raises:
            CountsUnavailable: No answer in time, an HTTP error, a redirect
                that leads nowhere.
            CountsMalformed: An answer that is no counts, or is too long.
        """
        try:
            with within(self._total_timeout):
                return parse_answer(self._get(url))
        except DeadlineExceeded as exc:
            raise self._late() from exc
        except (requests.RequestException, Urllib3Error, OSError, ValueError) as exc:
            if _caused_by(exc, DeadlineExceeded):
                raise self._late() from exc
            raise CountsUnavailable(f"{url.host}: {_in_short(exc)}") from exc

    def _late(self) -> CountsUnavailable:
        return CountsUnavailable(f"no whole answer within {self._total_timeout:g} s")

    def _get(self, url: CountsUrl) -> bytes:
        """Return the body of the answer, after redirects.

        The credentials go to the registered host and scheme only.
        """
        auth = _basic(url) if url.has_credentials else None
        address = url.address
        for _ in range(MOST_REDIRECTS + 1):
            trusted = _origin(address) == _origin(url.address)
            response = self._send_again_if_dropped(address, auth if trusted else None)
            with response:
                if response.status_code not in REDIRECTS:
                    return self._body(response)
                address = _next(address, response.headers.get("Location", ""))
        raise CountsUnavailable(f"more than {MOST_REDIRECTS} redirects")

    def _send_again_if_dropped(
        self, address: str, auth: HTTPBasicAuth | None
    ) -> requests.Response:
        """Send a request; once more if a connection kept open had been closed.

        An app may close it at the moment that the request is on its way, which
        says nothing of the app. To ask again is harmless.
        """
        try:
            return self._send(address, auth)
        except requests.exceptions.ConnectionError as exc:
            if not _caused_by(exc, DROPPED):
                raise
            return self._send(address, auth)

    def _send(self, address: str, auth: HTTPBasicAuth | None) -> requests.Response:
        return self._session.get(
            address,
            auth=auth,
            stream=True,
            allow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def _body(self, response: requests.Response) -> bytes:
        if response.status_code != requests.codes.ok:
            raise CountsUnavailable(f"the app answered HTTP {response.status_code}")
        body: bytes = response.raw.read(self._max_bytes + 1, decode_content=True)
        if len(body) > self._max_bytes:
            raise CountsMalformed(f"the answer is longer than {self._max_bytes} bytes")
        return body


def _basic(url: CountsUrl) -> HTTPBasicAuth:
    """Return the credentials, in UTF-8 as RFC 7617 has it."""
    password = url.password.reveal()
    return HTTPBasicAuth(url.user.encode(), password.encode())


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _next(address: str, location: str) -> str:
    """Return where a redirect leads."""
    if not location:
        raise CountsUnavailable("the app redirects without saying where")
    target = urljoin(address, location)
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CountsUnavailable(f"the app redirects to {redact(target)[:200]!r}")
    if urlsplit(address).scheme == "https" and parts.scheme == "http":
        raise CountsUnavailable("the app redirects from https to http")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _caused_by(
    error: BaseException | None,
    kind: type[BaseException] | tuple[type[BaseException], ...],
) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _in_short(error: BaseException) -> str:
    """Return what went wrong in a few words, without the URL."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"TLS failed ({_innermost(error)})"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.ReadTimeout | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"the connection failed ({_innermost(error)})"
    return f"the exchange failed ({_innermost(error)})"


def _innermost(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = redact(str(error).splitlines()[0]) if str(error) else ""
    return text[:120] or type(error).__name__

"""Ask an app for its counts over HTTP."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from http.client import RemoteDisconnected
from urllib.parse import quote, unquote, urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from scalar.adapters.deadline import DeadlineExceeded, within
from scalar.adapters.http.session import Getter
from scalar.core.counts_address import CountsAddress
from scalar.core.errors import CountsError, CountsMalformed, CountsUnavailable
from scalar.core.reading import Form, Reading
from scalar.core.secret import HIDDEN, redact
from scalar.formats import parse_answer
from scalar.formats.rich import MEDIA_TYPE
from scalar.ports.counts import NOTHING_REMOVED

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
#: The agent's richer form if there is one, otherwise what there is.
ACCEPT = f"{MEDIA_TYPE}, application/json;q=0.9"
ALWAYS = {"Accept": ACCEPT, "Accept-Encoding": "identity"}
#: How a request ends on a connection that the other side has closed.
DROPPED = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class HttpCountSource:
    """The `CountSource` for apps that serve their counts over HTTP."""

    def __init__(
        self,
        getter: Getter,
        *,
        total_timeout: float,
        max_bytes: int,
    ) -> None:
        self._getter = getter
        self._total_timeout = total_timeout
        self._max_bytes = max_bytes

    def read(
        self, address: CountsAddress, keep: Mapping[str, int] = NOTHING_REMOVED
    ) -> Mapping[str, Reading]:
        """Return what the app says of each process type.

        Raises:
            CountsUnavailable: No answer in time, an HTTP error, a redirect
                that leads nowhere.
            CountsMalformed: An answer that is no counts, or is too long.
        """
        try:
            with within(self._total_timeout):
                return parse_answer(*self._get(address, keep), address.form)
        except CountsError as exc:
            problem = exc
        except DeadlineExceeded:
            problem = self._late()
        except (HTTPError, OSError, ValueError) as exc:
            if _caused_by(exc, DeadlineExceeded):
                problem = self._late()
            else:
                problem = CountsUnavailable(f"{address.url.host}: {_in_short(exc)}")
        # Not from what caused it, whose text may have the URL with its token.
        raise type(problem)(_without_token(str(problem), address))

    def _late(self) -> CountsUnavailable:
        return CountsUnavailable(f"no whole answer within {self._total_timeout:g} s")

    def _get(
        self, address: CountsAddress, keep: Mapping[str, int]
    ) -> tuple[bytes, str]:
        """Return the body of the answer and its media type, after redirects.

        Password and token go to the registered host and scheme only.
        """
        first = url = address.request_url()
        for _ in range(MOST_REDIRECTS + 1):
            trusted = url == first or _origin(url) == _origin(first)
            if not trusted and _carries_token(url, address):
                raise CountsUnavailable(
                    "the app redirects to another host or scheme with its token in "
                    "the path; register the address that it redirects to"
                )
            response = self._send_again_if_dropped(
                url, _credentials(address, trusted, keep)
            )
            with response:
                if response.status not in REDIRECTS:
                    media_type = response.headers.get("Content-Type", "")
                    return self._body(response, address.form), media_type
                url = _next(url, response.headers.get("Location", ""))
        raise CountsUnavailable(f"more than {MOST_REDIRECTS} redirects")

    def _send_again_if_dropped(
        self, url: str, credentials: Mapping[str, str]
    ) -> BaseHTTPResponse:
        """Send a request; once more if a connection kept open had been closed.

        An app may close it at the moment that the request is on its way, which
        says nothing of the app. To ask again is harmless.
        """
        headers = {**ALWAYS, **credentials}
        try:
            return self._getter.get(url, headers)
        except (HTTPError, OSError) as exc:
            if not _caused_by(exc, DROPPED):
                raise
            return self._getter.get(url, headers)

    def _body(self, response: BaseHTTPResponse, form: Form) -> bytes:
        if response.status != HTTPStatus.OK:
            raise CountsUnavailable(_what_it_means(response.status, form))
        body = response.read(self._max_bytes + 1, decode_content=True)
        if len(body) > self._max_bytes:
            raise CountsMalformed(f"the answer is longer than {self._max_bytes} bytes")
        return body


def _credentials(
    address: CountsAddress,
    trusted: bool,  # noqa: FBT001 - read as a pair
    keep: Mapping[str, int],
) -> Mapping[str, str]:
    """Return headers: the password in UTF-8 as in RFC 7617, the token, an order.

    An app whose form is not known yet gets the token in either way. Only who is
    shown them is told which dynos are kept.
    """
    if not trusted:
        return {}
    url, headers = address.url, {}
    if keep:
        order = ", ".join(f"{name}={number}" for name, number in sorted(keep.items()))
        headers["Scalar-Keep"] = order.encode("ascii", "replace").decode()
    token = "" if address.has_token_in_path else address.token.reveal()
    if token and address.form is not Form.SCALAR:
        headers["HireFire-Token"] = token
    if token and address.form is not Form.HIREFIRE and not url.has_credentials:
        headers["Authorization"] = f"Bearer {token}"
    if url.has_credentials:
        both = f"{url.user}:{url.password.reveal()}".encode()
        headers["Authorization"] = f"Basic {b64encode(both).decode()}"
    return headers


def _carries_token(url: str, address: CountsAddress) -> bool:
    token = address.token.reveal()
    return bool(token) and token in unquote(url)


def _without_token(text: str, address: CountsAddress) -> str:
    token = address.token.reveal()
    for spelling in filter(None, (token, quote(token, safe=""))):
        text = text.replace(spelling, HIDDEN)
    return text


def _what_it_means(status: int, form: Form) -> str:
    said = f"the app answered HTTP {status}"
    if status == HTTPStatus.NOT_FOUND and form is Form.HIREFIRE:
        return f"{said}, as HireFire's agents do for a wrong token, too"
    return said


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
    if isinstance(error, SSLError):
        return f"TLS failed ({_innermost(error)})"
    if isinstance(error, ConnectTimeoutError):
        return "no connection in time"
    if isinstance(error, ReadTimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, NewConnectionError | ProtocolError | OSError):
        return f"the connection failed ({_innermost(error)})"
    return f"the exchange failed ({_innermost(error)})"


def _innermost(error: BaseException) -> str:
    while inner := error.__cause__ or error.__context__:
        error = inner
    text = redact(str(error).splitlines()[0]) if str(error) else ""
    return text[:120] or type(error).__name__

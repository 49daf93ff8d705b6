"""Heroku through heroku3, with a session of ours.

heroku3 has no timeouts, loses the body of errors and prints on paged answers.
So each answer is looked at by a hook of the request before heroku3 sees it, and
errors leave as our own. Several accounts share the connections: the key goes with
each request.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests
from heroku3.api import Heroku
from urllib3 import Retry
from urllib3.exceptions import HTTPError as Urllib3Error

from scalar.adapters.deadline import within
from scalar.adapters.governed_platform import GovernedPlatform
from scalar.adapters.heroku.errors import raise_for_answer, unavailable
from scalar.adapters.heroku.key_facts import KeyFacts
from scalar.core.app import NewApp, RegisteredApp
from scalar.core.errors import NotAuthorized, PlatformUnavailable
from scalar.core.formation import Formation, ProcessType
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.ports.account import Accounts
from scalar.ports.platform import Platform, PlatformApp, Urgency

#: Only reads are tried again, once, and never after 429 or 500.
READ_RETRIES = Retry(
    total=1,
    connect=1,
    read=0,
    status=1,
    other=0,
    redirect=0,
    backoff_factor=0.3,
    status_forcelist=(502, 503, 504),
    allowed_methods=frozenset({"GET"}),
    respect_retry_after_header=False,
    raise_on_status=False,
)
#: An app with more process types than this many pages hold is not believable.
MOST_PAGES = 10
#: Called with the calls that remain (None if not said) and the key, after each
#: answer that shows Heroku at work.
Listener = Callable[[int | None, Secret], None]


class HerokuAuth(requests.auth.AuthBase):
    """Signs a request with the API key, and gives it an id to be found by."""

    def __init__(self, key: Secret) -> None:
        self._basic = requests.auth.HTTPBasicAuth("", key.reveal())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with both headers."""
        request.headers["Request-Id"] = secrets.token_hex(16)
        signed: requests.PreparedRequest = self._basic(request)
        return signed


class _Signed:
    """What heroku3 takes for its session: each request is signed with one key."""

    def __init__(
        self,
        session: requests.Session,
        key: Secret,
        look: Callable[..., None],
    ) -> None:
        self.headers = session.headers
        self._session = session
        self._auth = HerokuAuth(key)
        self._look = look

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Make a request, and look at its answer."""
        hooks = {"response": self._look}
        return self._session.request(
            method, url, auth=self._auth, hooks=hooks, **options
        )


class HerokuApi:
    """Requests to Heroku's Platform API, each signed with the key it is made for."""

    def __init__(
        self,
        session: requests.Session,
        shared_key: Secret,
        base_url: str,
        *,
        timeout: float,
        on_answer: Listener = lambda _remaining, _key: None,
    ) -> None:
        """Make one.

        Args:
            session: For the requests of all keys.
            shared_key: `HEROKU_API_KEY`, for the apps without a key of their own.
            base_url: Where the Platform API is.
            timeout: Seconds for one call, all its pages included.
            on_answer: Called with the calls that remain.
        """
        session.max_redirects = 0
        self._session = session
        self._shared_key = shared_key
        self._base_url = base_url
        self._on_answer = on_answer
        self.timeout = timeout

    def key_facts(self, key: Secret) -> KeyFacts:
        """Ask Heroku about a key, which costs no call of the budget."""
        with within(self.timeout):
            response = self.request(key, "GET", ("account", "rate-limits"))
        try:
            remaining = int(_json(response)["remaining"])
        except (ValueError, KeyError, TypeError) as exc:
            raise _not_understood(exc) from exc
        return KeyFacts(remaining, response.headers.get("Oauth-Scope", ""))

    def request(
        self,
        key: Secret,
        method: str,
        path: tuple[str, ...],
        body: str | None = None,
        *,
        page: str | None = None,
    ) -> requests.Response:
        """Make one request; raises `PlatformError` unless it succeeds."""
        signs = key or self._shared_key
        if not signs:
            raise NotAuthorized("HEROKU_API_KEY is not set")

        def look(response: requests.Response, **_: object) -> None:
            self._look(response, key)

        heroku = Heroku(session=_Signed(self._session, signs, look))
        heroku._heroku_url = self._base_url  # noqa: SLF001 - heroku3 offers no other way
        try:
            response: requests.Response = heroku._http_resource(  # noqa: SLF001 - the one way that costs one request
                method, path, data=body, valrange=page
            )
        except (requests.RequestException, Urllib3Error, OSError) as exc:
            raise unavailable(exc, self.timeout) from exc
        return response

    def _look(self, response: requests.Response, key: Secret) -> None:
        """Check an answer before heroku3 sees it."""
        raise_for_answer(response, is_shared=key == SHARED_KEY)
        remaining = response.headers.get("RateLimit-Remaining", "")
        self._on_answer(int(remaining) if remaining.isdigit() else None, key)


class HerokuPlatform:
    """The `Platform` of one app on Heroku, or on a server that speaks like it."""

    def __init__(self, api: HerokuApi, app: str, key: Secret) -> None:
        self._api = api
        self._app = app
        self._key = key

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return what Heroku says of the app."""
        del urgency
        with within(self._api.timeout):
            data = _json(self._request("GET"))
        try:
            return PlatformApp(
                str(data["id"]),
                str(data["name"]),
                str(data.get("web_url") or ""),
                _time(data.get("released_at")),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            raise _not_understood(exc) from exc

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        del urgency
        rows: list[Any] = []
        page: str | None = None
        with within(self._api.timeout):
            for _ in range(MOST_PAGES):
                response = self._request("GET", "formation", page=page)
                rows += _list(response)
                page = response.headers.get("Next-Range")
                if response.status_code != requests.codes.partial or not page:
                    return _formation(rows)
        raise PlatformUnavailable(f"Heroku's list has more than {MOST_PAGES} pages")

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Ask for absolute quantities in one call; return the formation."""
        del urgency
        updates = [
            {"type": name, "quantity": quantity}
            for name, quantity in sorted(quantities.items())
        ]
        body = json.dumps({"updates": updates})
        with within(self._api.timeout):
            return _formation(_list(self._request("PATCH", "formation", body=body)))

    def _request(
        self,
        method: str,
        *below: str,
        body: str | None = None,
        page: str | None = None,
    ) -> requests.Response:
        path = ("apps", self._app, *below)
        return self._api.request(self._key, method, path, body, page=page)


class HerokuPlatforms:
    """The apps on Heroku, each bound to the account of its key."""

    def __init__(self, api: HerokuApi, accounts: Accounts) -> None:
        self._api = api
        self._accounts = accounts

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls are metered."""
        account = self._accounts.of(app.heroku_key)
        return GovernedPlatform(self.unmetered(app), account)

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's own call."""
        return HerokuPlatform(self._api, app.name, app.heroku_key)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as exc:
        raise PlatformUnavailable(
            "Heroku's answer is not JSON", status=response.status_code
        ) from exc


def _time(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a time without its offset")
    return moment


def _list(response: requests.Response) -> list[Any]:
    """Return the answer; an empty object must not pass for an empty formation."""
    answer = _json(response)
    if not isinstance(answer, list):
        raise _not_understood(TypeError())
    return answer


def _formation(rows: list[Any]) -> Formation:
    try:
        return {
            str(row["type"]): ProcessType(int(row["quantity"]), _size(row))
            for row in rows
        }
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise _not_understood(exc) from exc


def _size(row: Mapping[str, Any]) -> str:
    return str(row.get("size") or (row.get("dyno_size") or {}).get("name") or "")


def _not_understood(error: Exception) -> PlatformUnavailable:
    return PlatformUnavailable(
        f"Heroku's answer is not as the API describes it ({type(error).__name__})"
    )

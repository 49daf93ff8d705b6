"""Call Heroku through heroku3, over our own HTTP session.

heroku3 has no timeouts, discards the body of errors and prints on paged answers. So a
response hook checks each answer before heroku3 sees it, and raises our own errors.
All accounts share the connections: each request is signed with its own Heroku key.
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
from scalar.core.formation import AppFormation, Formation, ProcessType
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.platform_rules import HEROKU
from scalar.core.secret import Redactor, Secret
from scalar.core.whole_number import whole_number
from scalar.ports.account import Accounts
from scalar.ports.platform import Platform, PlatformApp, Urgency

#: Only reads are retried, once, and never after 429 or 500.
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
#: No real app has more process types than fit on this many pages.
MAX_PAGES = 10
#: Called after each successful answer, with the calls left (None if Heroku did not
#: report them) and the Heroku key.
AnswerListener = Callable[[int | None, Secret], None]


class HerokuAuth(requests.auth.AuthBase):
    """Signs a request with a Heroku key, and adds an id to trace it by."""

    def __init__(self, heroku_key: Secret) -> None:
        self._basic = requests.auth.HTTPBasicAuth("", heroku_key.reveal())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request with both headers."""
        request.headers["Request-Id"] = secrets.token_hex(16)
        signed: requests.PreparedRequest = self._basic(request)
        return signed


class _SigningSession:
    """The session given to heroku3: signs each request with one Heroku key."""

    def __init__(
        self,
        session: requests.Session,
        heroku_key: Secret,
        check: Callable[..., None],
    ) -> None:
        self.headers = session.headers
        self._session = session
        self._auth = HerokuAuth(heroku_key)
        self._check = check

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Make a request, and check its response."""
        hooks = {"response": self._check}
        return self._session.request(
            method, url, auth=self._auth, hooks=hooks, **options
        )


class HerokuApi:
    """Sends requests to Heroku's Platform API, each signed with a given Heroku key."""

    def __init__(
        self,
        session: requests.Session,
        shared_key: Secret,
        base_url: str,
        *,
        timeout: float,
        on_answer: AnswerListener = lambda _remaining, _key: None,
    ) -> None:
        """Initialise it.

        Args:
            session: Sends the requests of all accounts.
            shared_key: `HEROKU_API_KEY`, for apps without a Heroku key of their own.
            base_url: The URL of the Platform API.
            timeout: Seconds for one call, including all its pages.
            on_answer: Called after each successful answer.
        """
        session.max_redirects = 0
        self._session = session
        self._shared_key = shared_key
        self._base_url = base_url
        self._on_answer = on_answer
        self.timeout = timeout

    def key_facts(self, heroku_key: Secret) -> KeyFacts:
        """Ask Heroku about a key, which costs no call of the budget."""
        with within(self.timeout):
            response = self.request(heroku_key, "GET", ("account", "rate-limits"))
        try:
            remaining = _whole(_json(response)["remaining"])
        except (ValueError, KeyError, TypeError) as exc:
            raise _unexpected_answer(exc) from exc
        return KeyFacts(remaining, response.headers.get("Oauth-Scope", ""))

    def request(
        self,
        heroku_key: Secret,
        method: str,
        path: tuple[str, ...],
        body: str | None = None,
        *,
        page: str | None = None,
    ) -> requests.Response:
        """Make one request; raises `PlatformError` unless it succeeds."""
        signing_key = heroku_key or self._shared_key
        if not signing_key:
            raise NotAuthorized("HEROKU_API_KEY is not set")

        redactor = Redactor([signing_key.reveal()])

        def check(response: requests.Response, **_: object) -> None:
            self._check(response, heroku_key, redactor)

        heroku = Heroku(session=_SigningSession(self._session, signing_key, check))
        heroku._heroku_url = self._base_url  # noqa: SLF001 - heroku3 offers no other way
        try:
            response: requests.Response = heroku._http_resource(  # noqa: SLF001 - its public methods make extra requests
                method, path, data=body, valrange=page
            )
        except (requests.RequestException, Urllib3Error, OSError) as exc:
            raise unavailable(exc, self.timeout, redactor) from None
        return response

    def _check(
        self, response: requests.Response, heroku_key: Secret, redactor: Redactor
    ) -> None:
        """Check a response before heroku3 sees it; report the calls left."""
        is_shared = heroku_key == SHARED_KEY
        raise_for_answer(response, is_shared=is_shared, redactor=redactor)
        remaining = whole_number(response.headers.get("RateLimit-Remaining"))
        self._on_answer(remaining, heroku_key)


class HerokuPlatform:
    """The `Platform` of one app on Heroku, or on a compatible server.

    The app is given by its id or, where that is not known, by its name.
    """

    rules = HEROKU

    def __init__(self, api: HerokuApi, app: str, heroku_key: Secret) -> None:
        self._api = api
        self._app = app
        self._heroku_key = heroku_key
        self.calls_left: int | None = None

    def describe(self, urgency: Urgency) -> PlatformApp:
        """Return the app as Heroku describes it."""
        del urgency
        with within(self._api.timeout):
            data = _json(self._request("GET"))
        try:
            return PlatformApp(
                str(data["id"]),
                str(data["name"]),
                str(data.get("web_url") or ""),
                _time(data.get("released_at")),
                maintenance=data.get("maintenance") is True,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as exc:
            raise _unexpected_answer(exc) from exc

    def formation(self, urgency: Urgency) -> Formation:
        """Return the dynos of each process type."""
        del urgency
        rows: list[Any] = []
        page: str | None = None
        with within(self._api.timeout):
            for _ in range(MAX_PAGES):
                response = self._request("GET", "formation", page=page)
                rows += _list(response)
                page = response.headers.get("Next-Range")
                if response.status_code != requests.codes.partial or not page:
                    return _formation(rows)
        raise PlatformUnavailable(f"Heroku's list has more than {MAX_PAGES} pages")

    def scale(self, quantities: Mapping[str, int], urgency: Urgency) -> Formation:
        """Set absolute quantities in one call; return the new formation."""
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
        *subpath: str,
        body: str | None = None,
        page: str | None = None,
    ) -> requests.Response:
        path = ("apps", self._app, *subpath)
        answer = self._api.request(self._heroku_key, method, path, body, page=page)
        self.calls_left = whole_number(answer.headers.get("RateLimit-Remaining"))
        return answer


class HerokuPlatforms:
    """The `Platforms` of Heroku: binds each app to the account of its Heroku key."""

    def __init__(self, api: HerokuApi, accounts: Accounts) -> None:
        self._api = api
        self._accounts = accounts

    def of(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform; its calls are metered."""
        account = self._accounts.of(app.heroku_key)
        return GovernedPlatform(self.unmetered(app), account)

    def unmetered(self, app: RegisteredApp | NewApp) -> Platform:
        """Return the app's platform for a person's command."""
        return HerokuPlatform(self._api, app.platform_id or app.name, app.heroku_key)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError) as exc:
        raise PlatformUnavailable(
            "Heroku's answer is not JSON", status=response.status_code
        ) from exc


def _time(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a time without its UTC offset")
    return moment


def _list(response: requests.Response) -> list[Any]:
    """Return the list in a response; `{}` must not pass for an empty formation."""
    answer = _json(response)
    if not isinstance(answer, list):
        raise _unexpected_answer(TypeError())
    return answer


def _formation(rows: list[Any]) -> AppFormation:
    try:
        app_id, app_name = _owner(rows)
        formation = {
            str(row["type"]): ProcessType(
                _whole(row["quantity"]), _size(row), _changed_at(row)
            )
            for row in rows
        }
        return AppFormation(formation, app_id, app_name)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise _unexpected_answer(exc) from exc


def _whole(value: object) -> int:
    number = whole_number(value)
    if number is None:
        raise ValueError("no whole number")
    return number


def _owner(rows: list[Any]) -> tuple[str, str]:
    """Return the id and the name of the app that all rows are of."""
    owners = {(str(row["app"]["id"]), str(row["app"]["name"])) for row in rows}
    if len(owners) > 1:
        raise ValueError("rows of several apps")
    return owners.pop() if owners else ("", "")


def _size(row: Mapping[str, Any]) -> str:
    return str(row.get("size") or (row.get("dyno_size") or {}).get("name") or "")


def _changed_at(row: Mapping[str, Any]) -> datetime | None:
    """Return when a row was changed; nobody is held because that cannot be read."""
    try:
        return _time(row.get("updated_at"))
    except (TypeError, ValueError):
        return None


def _unexpected_answer(error: Exception) -> PlatformUnavailable:
    return PlatformUnavailable(
        f"Heroku's answer does not match its API reference ({type(error).__name__})"
    )

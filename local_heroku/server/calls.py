"""The arguments of a route and what it returns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_heroku.accounts import Account
from local_heroku.apps import App
from local_heroku.errors import ApiError, bad_request
from local_heroku.heroku import Heroku
from local_heroku.ranges import LARGEST_PAGE, paginate

# The scopes of which a token needs one; it needs none for an empty tuple.
READ = ("global", "read", "read-protected", "write", "write-protected")
READ_PROTECTED = ("global", "read-protected", "write-protected")
WRITE = ("global", "write", "write-protected")
IDENTITY = ("global", "identity")
GLOBAL = ("global",)
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body; an empty one without a body.

        Raises:
            ApiError: 400, it is not JSON or not an object.
        """
        if not self.content.strip():
            return {}
        try:
            found = json.loads(self.content)
        except ValueError as exc:
            raise bad_request("The body is not valid JSON.") from exc
        if not isinstance(found, dict):
            raise bad_request("The body must be a JSON object.")
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body and extra headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request, with the state and the time.

    `page_limit` limits the rows of a list in the answer.
    """

    heroku: Heroku
    account: Account
    now: datetime
    request: ApiRequest
    params: Mapping[str, str]
    page_limit: int = LARGEST_PAGE

    @property
    def app(self) -> App:
        """The app in the path.

        Raises:
            ApiError: 404 or 403.
        """
        return self.heroku.find_app(self.params["app"], self.account)

    def page(
        self, rows: Sequence[Mapping[str, Any]], *keys: str, ranged: bool = True
    ) -> Answer:
        """Return the page of the rows that the Range header selects.

        The rows can be sorted by each of the `keys`, by default the first. A
        write is not `ranged`: it returns all rows, whatever its header says.
        """
        keys = keys or ("id",)
        header = self.request.headers.get("range") if ranged else None
        page = paginate(rows, header, keys, at_most=self.page_limit)
        headers = {
            "Accept-Ranges": ", ".join(keys),
            "Content-Range": page.content_range,
        }
        if page.next_range is None:
            return Answer(page.rows, 200, headers)
        return Answer(page.rows, 206, {**headers, "Next-Range": page.next_range})

    def check_unchanged(self, current: object) -> None:
        """Refuse a write whose If-Match is outdated.

        Raises:
            ApiError: 412.
        """
        header = self.request.headers.get("if-match")
        if header and not etag_matches(header, etag(to_bytes(current))):
            raise ApiError(412)


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, the accepted scopes, and the function that serves it."""

    method: str
    path: str
    serve: Callable[[Call], Answer]
    scopes: tuple[str, ...] = READ
    free: bool = False


def to_bytes(body: object) -> bytes:
    """Return the body as bytes of JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def etag(content: bytes) -> str:
    """Return the entity tag of a body."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def etag_matches(header: str, current: str) -> bool:
    """Return whether an If-Match or If-None-Match header has the tag."""
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return bool(tags & {current, "*"})

"""What a route gets, and what it gives back."""

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
from local_heroku.ranges import LARGEST_PAGE, cut_page

# The scopes that let a token in; an empty tuple lets every token in.
READ = ("global", "read", "read-protected", "write", "write-protected")
READ_PROTECTED = ("global", "read-protected", "write-protected")
WRITE = ("global", "write", "write-protected")
IDENTITY = ("global", "identity")
ANY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as it came in; the names of the headers in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body, empty without a body.

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
    """A status, a JSON body and the headers that are special to it."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: by whom, when, and to what it speaks.

    `page_limit` is the most rows of a list that the answer may hold.
    """

    heroku: Heroku
    account: Account
    now: datetime
    request: ApiRequest
    params: Mapping[str, str]
    page_limit: int = LARGEST_PAGE

    @property
    def app(self) -> App:
        """The app that the path names.

        Raises:
            ApiError: 404 or 403.
        """
        return self.heroku.find_app(self.params["app"], self.account)

    def page(
        self, rows: Sequence[Mapping[str, Any]], *keys: str, ranged: bool = True
    ) -> Answer:
        """Return the page of the rows that the Range header asks for.

        `keys` are what the rows can be sorted by, the usual one first. A
        write is not `ranged`: it answers all rows, whatever its header says.
        """
        keys = keys or ("id",)
        asked = self.request.headers.get("range") if ranged else None
        page = cut_page(rows, asked, keys, at_most=self.page_limit)
        headers = {
            "Accept-Ranges": ", ".join(keys),
            "Content-Range": page.content_range,
        }
        if page.next_range is None:
            return Answer(page.rows, 200, headers)
        return Answer(page.rows, 206, {**headers, "Next-Range": page.next_range})

    def check_unchanged(self, current: object) -> None:
        """Refuse a write whose If-Match names an older state.

        Raises:
            ApiError: 412.
        """
        asked = self.request.headers.get("if-match")
        if asked and not etag_matches(asked, etag(to_bytes(current))):
            raise ApiError(412)


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, the scopes it accepts, and who serves it."""

    method: str
    path: str
    serve: Callable[[Call], Answer]
    scopes: tuple[str, ...] = READ
    free: bool = False


def to_bytes(body: object) -> bytes:
    """Return the body as it goes over the wire."""
    return json.dumps(body, separators=(",", ":")).encode()


def etag(content: bytes) -> str:
    """Return the entity tag of a body."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def etag_matches(asked: str, current: str) -> bool:
    """Say whether an If-Match or If-None-Match header names the tag."""
    named = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return bool(named & {current, "*"})

"""Handle one request, from its credentials to its answer.

The checks run in this order: credentials (401), pool (429), Accept (406), an
injected fault, scope (403), and then the route. The time is an argument, and
sending the answer is left to `delivery`, so this module needs no clock or socket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from local_heroku.accounts import Token, secret_from_header
from local_heroku.errors import ApiError, forbidden, not_found, rate_limited
from local_heroku.faults import NOT_SERVED, Fault, FaultKind
from local_heroku.heroku import Heroku
from local_heroku.ids import is_uuid
from local_heroku.ranges import LARGEST_PAGE
from local_heroku.request_log import LoggedRequest
from local_heroku.server.calls import (
    Answer,
    ApiRequest,
    Call,
    Route,
    etag,
    etag_matches,
    to_bytes,
)

VERSION_3 = re.compile(
    r"application/vnd\.heroku\+json;\s*version=3(\.[\w-]+)?(?![\w.-])"
)
HTML = b"<!DOCTYPE html><html><body><h1>Application error</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer ready to be sent, and the fault to send it with."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    fault: Fault | None
    entry: LoggedRequest


@dataclass(slots=True)
class _Exchange:
    """The state of one request, filled in step by step."""

    heroku: Heroku
    now: datetime
    route: Route
    params: Mapping[str, str]
    request: ApiRequest
    entry: LoggedRequest
    token: Token | None = None
    fault: Fault | None = None


def serve(
    heroku: Heroku,
    now: datetime,
    route: Route,
    params: Mapping[str, str],
    request: ApiRequest,
) -> Outcome:
    """Serve one request and log it."""
    heroku.advance(now)
    entry = _log_entry(heroku, now, params, request)
    heroku.log.add(entry)
    exchange = _Exchange(heroku, now, route, params, request, entry)
    try:
        answer = _answer(exchange, _admit(exchange))
    except ApiError as error:
        answer = Answer(error.body, error.status)
    return _finish(exchange, answer)


def _log_entry(
    heroku: Heroku, now: datetime, params: Mapping[str, str], request: ApiRequest
) -> LoggedRequest:
    request_id = heroku.ids.new("request")
    if client_id := request.headers.get("request-id"):
        request_id = f"{request_id},{client_id}"
    app = params.get("app")
    if app is not None and is_uuid(app):
        names = {known.id: known.name for known in heroku.apps.values()}
        app = names.get(app, app)
    body = None
    if request.method == "PATCH":
        try:
            body = request.json()
        except ApiError:
            body = None  # the route refuses it
    return LoggedRequest(
        at=now,
        method=request.method,
        path=request.path,
        query=request.query,
        app=app,
        account=None,
        token=None,
        request_id=request_id,
        body=body,
    )


def _admit(exchange: _Exchange) -> Token:
    """Check credentials, pool and version; charge the pool; choose the fault."""
    heroku, entry, headers = exchange.heroku, exchange.entry, exchange.request.headers
    secret = secret_from_header(headers.get("authorization"))
    token = heroku.tokens.get(secret) if secret else None
    if token is None:
        raise ApiError(401)
    exchange.token = token
    entry.token, entry.account = token.name, token.account.name
    pool, free = token.account.pool, exchange.route.free
    if not free and pool.remaining(exchange.now) == 0:
        raise rate_limited()
    fault = heroku.faults.next_for(entry.method, entry.path, entry.app)
    exchange.fault = fault
    if not free and not _is_rate_limit(fault):
        entry.cost = int(pool.take(exchange.now))
    if not VERSION_3.search(headers.get("accept", "")):
        raise ApiError(406)
    return token


def _is_rate_limit(fault: Fault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.STATUS and fault.status == 429


def _answer(exchange: _Exchange, token: Token) -> Answer:
    """Return the answer of the fault or of the route."""
    fault, route = exchange.fault, exchange.route
    if fault and fault.kind is FaultKind.STATUS:
        raise fault.error()
    if fault and fault.kind in NOT_SERVED:
        return Answer(None)
    if not token.has_any(route.scopes):
        raise forbidden(
            f"This needs one of the scopes {', '.join(route.scopes)}; the token has "
            f"{', '.join(token.scopes)}."
        )
    partial = fault is not None and fault.kind is FaultKind.PARTIAL
    call = Call(
        exchange.heroku,
        token.account,
        exchange.now,
        exchange.request,
        exchange.params,
        page_limit=1 if partial else LARGEST_PAGE,
    )
    if (
        fault
        and fault.kind is FaultKind.APPLY_LATE
        and exchange.request.method != "GET"
    ):
        delay = timedelta(seconds=1 if fault.seconds is None else fault.seconds)
        exchange.heroku.do_later(
            exchange.now + delay, lambda at: route.serve(replace(call, now=at))
        )
        return Answer(None)
    if fault and fault.kind is FaultKind.LEAVE_OUT:
        return _without(route, call, str(fault.extra.get("type")))
    return route.serve(call)


def _without(route: Route, call: Call, process_type: str) -> Answer:
    """Serve a request as if the app had no such process type."""
    if call.request.method == "PATCH":
        asked = call.request.json().get("updates", [])
        if any(update.get("type") == process_type for update in asked):
            raise not_found("formation", "Couldn't find that formation.")
    answer = route.serve(call)
    if not isinstance(answer.body, list):
        return answer
    rows = [row for row in answer.body if row.get("type") != process_type]
    return replace(answer, body=rows)


def _finish(exchange: _Exchange, answer: Answer) -> Outcome:
    """Add the headers; answer 304 if the client already has the body."""
    entry, fault = exchange.entry, exchange.fault
    status, content = answer.status, to_bytes(answer.body)
    if fault is not None:
        entry.fault = fault.kind.value
    html = fault is not None and fault.kind is FaultKind.NON_JSON and not answer.body
    if html:
        content = HTML
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Type": "text/html; charset=utf-8" if html else "application/json",
        "ETag": etag(content),
        "Request-Id": entry.request_id,
        "Vary": "Authorization,Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **_account_headers(exchange, status),
        **answer.headers,
    }
    known = exchange.request.headers.get("if-none-match", "")
    readable = entry.method == "GET" and status in {200, 206}
    if readable and etag_matches(known, headers["ETag"]):
        status, content = 304, b""
    return Outcome(status, headers, content, fault, entry)


def _account_headers(exchange: _Exchange, status: int) -> dict[str, str]:
    """Return the headers of the pool and the scopes, given a valid token."""
    token = exchange.token
    if token is None:
        return {}
    remaining = token.account.pool.remaining(exchange.now)
    exchange.entry.remaining = 0 if status == 429 else remaining
    return {
        "RateLimit-Remaining": str(exchange.entry.remaining),
        "RateLimit-Multiplier": "1",
        "Oauth-Scope": " ".join(token.scopes),
        "Oauth-Scope-Accepted": " ".join(exchange.route.scopes),
    }

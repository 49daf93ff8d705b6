"""Translate Heroku's errors into ours (Platform API reference, "Errors")."""

from __future__ import annotations

from typing import Any

import requests

from scalar.adapters.http.failures import connecting_failed, describe, place_of
from scalar.core.errors import (
    AboveLimit,
    NotAuthorized,
    PlatformUnavailable,
    RateLimited,
    Refused,
)
from scalar.core.reason import Reason
from scalar.core.secret import Redactor
from scalar.core.whole_number import whole_number

#: Ids of a 422 that reports a limit, and whether it applies per process type.
LIMIT_IDS = {"cannot_run_above_limit": False, "cannot_update_above_limit": True}
#: Refusals that affect one app: status to reason; any other 4xx is HEROKU_REFUSED.
REASONS = {
    402: Reason.PAYMENT_REQUIRED,
    403: Reason.FORBIDDEN,
    404: Reason.APP_NOT_ON_HEROKU,
}
UNAUTHORIZED = 401
#: What to do when Heroku rejects the shared Heroku key, or an app's own.
NEW_SHARED_KEY = "Set HEROKU_API_KEY to a valid key"
NEW_OWN_KEY = (
    "The app has its own Heroku key. Replace it with a valid one: python cli.py "
    "set-heroku-key NAME -"
)
TOO_MANY_REQUESTS = 429
UNPROCESSABLE = 422


def raise_for_answer(
    response: requests.Response, *, is_shared: bool, redactor: Redactor
) -> None:
    """Raise a `PlatformError` unless the response is a success.

    Args:
        response: Heroku's response.
        is_shared: Whether the request was signed with the shared Heroku key.
        redactor: Takes the key out of what Heroku says.
    """
    status = response.status_code
    if response.ok and status < 300:  # noqa: PLR2004 - 2xx
        return
    body = _body(response)
    error_id = redactor.redact(str(body.get("id") or ""))[:60]
    text = " ".join(str(body.get("message") or response.reason or "").split())
    request_id = response.headers.get("Request-Id", "").split(",")[0]
    message = redactor.redact(
        f"Heroku answered {status}"
        + (f" {error_id}" if error_id else "")
        + (f": {text[:300]}" if text else "")
        + (f" (request {request_id})" if request_id else "")
    )
    if status == UNAUTHORIZED:
        raise NotAuthorized(
            f"{message}. {NEW_SHARED_KEY if is_shared else NEW_OWN_KEY}",
            status=status,
            error_id=error_id,
        )
    if status == TOO_MANY_REQUESTS:
        raise RateLimited(
            message,
            retry_after=whole_number(response.headers.get("Retry-After")),
            status=status,
            error_id=error_id,
        )
    limit = whole_number(body.get("limit"))
    if status == UNPROCESSABLE and error_id in LIMIT_IDS and limit is not None:
        raise AboveLimit(
            message,
            limit=limit,
            per_process_type=LIMIT_IDS[error_id],
            status=status,
            error_id=error_id,
        )
    if 400 <= status < 500:  # noqa: PLR2004 - 4xx
        raise Refused(
            message,
            reason=REASONS.get(status, Reason.HEROKU_REFUSED),
            status=status,
            error_id=error_id,
        )
    raise PlatformUnavailable(message, status=status, error_id=error_id)


def unavailable(
    error: Exception, timeout: float, redactor: Redactor
) -> PlatformUnavailable:
    """Return the error for a call without a response."""
    if failed := connecting_failed(error):
        text = f"{place_of(failed)}: {describe(failed)}"
        return PlatformUnavailable(f"Heroku cannot be reached: {redactor.redact(text)}")
    if isinstance(error, requests.Timeout | TimeoutError):
        return PlatformUnavailable(f"Heroku did not answer within {timeout:g} s")
    while inner := error.__cause__ or error.__context__:
        if not isinstance(inner, Exception):
            break
        error = inner
    text = redactor.redact(str(error).splitlines()[0])[:120] if str(error) else ""
    return PlatformUnavailable(
        f"Heroku cannot be reached: {text or type(error).__name__}"
    )


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}

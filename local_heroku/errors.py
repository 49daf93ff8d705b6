"""The errors of the Platform API.

Ids and statuses: Dev Center, "Platform API reference", error responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCALING_LIMITS_URL = (
    "https://devcenter.heroku.com/articles/dyno-size#default-scaling-limits"
)
RATE_LIMITS_URL = (
    "https://devcenter.heroku.com/articles/platform-api-reference#rate-limits"
)

DEFAULT_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be understood."),
    401: ("unauthorized", "Invalid credentials provided."),
    402: ("delinquent", "The account is delinquent: please confirm a payment method."),
    403: ("forbidden", "You do not have access to this resource."),
    404: ("not_found", "Couldn't find that resource."),
    406: ("not_acceptable", "The Accept header must name version 3 of the API."),
    409: ("conflict", "The request is in conflict with the resource's state."),
    410: ("gone", "The resource is gone."),
    412: ("precondition_failed", "The resource has changed."),
    416: ("requested_range_not_satisfiable", "The requested range cannot be served."),
    422: ("invalid_params", "The parameters are not valid."),
    429: (
        "rate_limit",
        (
            "Your account reached the API rate limit\n"
            "Please wait a few minutes before making new requests"
        ),
    ),
    500: ("internal_server_error", "The request could not be served."),
    503: ("service_unavailable", "The API is unavailable for now."),
}


class ApiError(Exception):
    """The API refuses a request, with a status and a JSON body."""

    def __init__(
        self,
        status: int,
        error_id: str | None = None,
        message: str | None = None,
        **extra: Any,
    ) -> None:
        default_id, default_message = DEFAULT_ERRORS.get(
            status, ("error", f"The request failed with status {status}.")
        )
        self.status = status
        self.body: dict[str, Any] = {
            "id": error_id or default_id,
            "message": message or default_message,
            **extra,
        }
        super().__init__(self.body["message"])


def bad_request(message: str) -> ApiError:
    """The body cannot be read."""
    return ApiError(400, message=message)


def forbidden(message: str) -> ApiError:
    """The account or the token has no permission."""
    return ApiError(403, message=message)


def not_found(resource: str, message: str) -> ApiError:
    """The resource does not exist."""
    return ApiError(404, message=message, resource=resource)


def invalid_params(message: str) -> ApiError:
    """A parameter is invalid."""
    return ApiError(422, message=message)


def rate_limited() -> ApiError:
    """The rate limit pool of the account is empty."""
    return ApiError(429, url=RATE_LIMITS_URL)


def above_app_limit(*, size: str, limit: int, asked: int) -> ApiError:
    """One app may not run so many dynos."""
    return ApiError(
        422,
        "cannot_run_above_limit",
        f"Cannot run more than {limit} {size} size dynos.",
        limit=limit,
        size=asked,
        url=SCALING_LIMITS_URL,
    )


def above_type_limit(*, size: str, limit: int, asked: int) -> ApiError:
    """One process type may not run so many dynos."""
    return ApiError(
        422,
        "cannot_update_above_limit",
        f"Cannot update to more than {limit} {size} size dynos per process type.",
        limit=limit,
        size=asked,
        url=SCALING_LIMITS_URL,
    )

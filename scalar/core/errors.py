"""The errors of this project.

    ScalarError
    ├── ConfigurationError     an invalid setting; the process does not start
    ├── InvalidInput           an invalid name, URL or value
    ├── RegistryError          the registry cannot be read or written
    │   ├── AppNotFound
    │   ├── AppAlreadyRegistered
    │   ├── AppChanged         its row is not the one that was read
    │   └── SecretUnreadable   encrypted with a key that is no longer set
    ├── CoordinationError      Redis cannot be reached or does not answer
    ├── CallDenied             a platform call may not be made now
    ├── CountsError            the counts of the app are unknown
    │   ├── CountsUnavailable  no answer, or an HTTP error
    │   └── CountsMalformed    an answer that has no counts
    └── PlatformError          Heroku refused or failed
        ├── NotAuthorized      401: the key
        ├── Refused            402, 403, 404, 422: this app
        ├── AboveLimit         422 with a limit to clamp to
        ├── RateLimited        429: the account
        └── PlatformUnavailable  5xx, no answer, or not one of the API

Every message names the thing, the value, and the rule or what to do. None contains
a secret.
"""

from __future__ import annotations

from scalar.core.reason import Cause, Reason


class ScalarError(Exception):
    """Base class of all errors that this project raises on purpose."""


class ConfigurationError(ScalarError):
    """A setting is invalid."""


class InvalidInput(ScalarError):
    """A value that a person entered breaks a rule."""


class RegistryError(ScalarError):
    """The registry cannot be read or written."""


class AppNotFound(RegistryError):
    """No app with that name is registered."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'App "{name}" is not registered. Add it with: python cli.py add-app {name}'
        )


class AppAlreadyRegistered(RegistryError):
    """An app with that name is already registered."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'App "{name}" is registered already. '
            f"See it with: python cli.py show-app {name}"
        )


class AppChanged(RegistryError):
    """The app's row was changed after it was read; nothing was written."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'App "{name}" was changed by another command meanwhile, so nothing of it '
            "was overwritten. Run this command again"
        )


class SecretUnreadable(RegistryError):
    """A stored secret cannot be decrypted with the keys that are set."""


class CoordinationError(ScalarError):
    """Redis cannot be reached or does not answer as expected."""


class CallDenied(ScalarError):
    """A platform call may not be made now: no call is left, or the account waits.

    Attributes:
        cause: Why.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.detail)
        self.cause = cause


class CountsError(ScalarError):
    """The counts of an app are unknown, so it is held."""

    reason = Reason.COUNTS_UNAVAILABLE


class CountsUnavailable(CountsError):
    """The app did not answer, or answered with an HTTP error."""


class CountsMalformed(CountsError):
    """The app answered without usable counts."""

    reason = Reason.COUNTS_MALFORMED


class PlatformError(ScalarError):
    """Heroku refused or failed.

    Attributes:
        reason: The word for logs and events.
        whole_account: Whether the error concerns every app of the account.
        status: The HTTP status; None if there was no answer.
        error_id: Heroku's id of the error, such as "not_found"; may be empty.
    """

    reason = Reason.HEROKU_REFUSED
    whole_account = False

    def __init__(
        self, message: str, *, status: int | None = None, error_id: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_id = error_id


class NotAuthorized(PlatformError):
    """Heroku does not accept the API key."""

    reason = Reason.NOT_AUTHORIZED
    whole_account = True


class Refused(PlatformError):
    """Heroku refuses the request for this app."""

    def __init__(
        self,
        message: str,
        *,
        reason: Reason = Reason.HEROKU_REFUSED,
        status: int | None = None,
        error_id: str = "",
    ) -> None:
        super().__init__(message, status=status, error_id=error_id)
        self.reason = reason


class AboveLimit(PlatformError):
    """More dynos were requested than the account or the dyno size allows.

    Attributes:
        limit: The most dynos allowed.
        per_process_type: Whether the limit is for each process type, rather than
            for all dynos of the app together.
    """

    reason = Reason.HEROKU_LIMIT

    def __init__(
        self,
        message: str,
        *,
        limit: int,
        per_process_type: bool,
        status: int | None = None,
        error_id: str = "",
    ) -> None:
        super().__init__(message, status=status, error_id=error_id)
        self.limit = limit
        self.per_process_type = per_process_type


class RateLimited(PlatformError):
    """The account has no API calls left.

    Attributes:
        retry_after: Seconds to wait; None if Heroku did not say.
    """

    reason = Reason.RATE_LIMITED
    whole_account = True

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        error_id: str = "",
    ) -> None:
        super().__init__(message, status=status, error_id=error_id)
        self.retry_after = retry_after


class PlatformUnavailable(PlatformError):
    """Heroku did not answer, or not as its API should."""

    reason = Reason.HEROKU_UNAVAILABLE
    whole_account = True

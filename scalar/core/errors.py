"""The errors of this project.

    ScalarError
    ├── ConfigurationError     a wrong setting; the process does not start
    ├── InvalidInput           a name, URL or value that somebody typed
    ├── RegistryError          the registry cannot be read or written
    │   ├── AppNotFound
    │   ├── AppAlreadyRegistered
    │   └── SecretUnreadable   stored under a key that is no longer given
    ├── CoordinationError      Redis cannot be reached or does not answer
    ├── CallDenied             a platform call may not be made now
    ├── CountsError            the app's counts are not known
    │   ├── CountsUnavailable  no answer, or an HTTP error
    │   └── CountsMalformed    an answer that is no counts
    └── PlatformError          Heroku did not do as asked
        ├── NotAuthorized      401: the key
        ├── Refused            402, 403, 404, 422: this app
        ├── AboveLimit         422 with a limit to clamp to
        ├── RateLimited        429: the account
        └── PlatformUnavailable  5xx, no answer, an answer that is none

Every message names the thing, the value and the rule or the way out, and none
carries a secret.
"""

from __future__ import annotations

from scalar.core.reason import Cause, Reason


class ScalarError(Exception):
    """The base of all errors that this project raises on purpose."""


class ConfigurationError(ScalarError):
    """A setting is wrong."""


class InvalidInput(ScalarError):
    """Something that a person typed breaks a rule."""


class RegistryError(ScalarError):
    """The registry cannot be read or written."""


class AppNotFound(RegistryError):
    """No app of that name is registered."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'App "{name}" is not registered. Add it with: python cli.py add-app {name}'
        )


class AppAlreadyRegistered(RegistryError):
    """An app of that name is registered already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'App "{name}" is registered already. '
            f"See it with: python cli.py show-app {name}"
        )


class SecretUnreadable(RegistryError):
    """A stored URL cannot be decrypted with the keys that are given."""


class CoordinationError(ScalarError):
    """Redis cannot be reached or does not answer as it should."""


class CallDenied(ScalarError):
    """A platform call may not be made now: no call is left, or the account waits.

    Attributes:
        cause: Why.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.detail)
        self.cause = cause


class CountsError(ScalarError):
    """The counts of an app are not known; it is held."""

    reason = Reason.COUNTS_UNAVAILABLE


class CountsUnavailable(CountsError):
    """The app did not answer, or answered with an HTTP error."""


class CountsMalformed(CountsError):
    """The app answered, but not with counts."""

    reason = Reason.COUNTS_MALFORMED


class PlatformError(ScalarError):
    """Heroku did not do as asked.

    Attributes:
        reason: The word for logs and events.
        whole_account: Whether every app of the account is concerned.
        status: The HTTP status; None if there was no answer.
        error_id: Heroku's own word, such as "not_found"; may be empty.
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
    """Heroku refuses to do this for this app."""

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
    """More dynos were asked for than the account or the dyno size allows.

    Attributes:
        limit: The most dynos allowed.
        per_process_type: True if the limit is for each process type, False
            if it is for all dynos of the app together.
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
    """The account has used up its API calls.

    Attributes:
        retry_after: Seconds to wait, if Heroku said so.
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
    """Heroku did not answer, or not as the API does."""

    reason = Reason.HEROKU_UNAVAILABLE
    whole_account = True

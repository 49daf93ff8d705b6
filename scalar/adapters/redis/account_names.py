"""Name Heroku accounts in Redis.

An account's name is an HMAC of its Heroku key, so that all apps with one Heroku key
share one account. A plain hash would let anyone who can read Redis test guesses of the
key; the HMAC's secrets are not in Redis.
"""

from __future__ import annotations

import hmac

from scalar.core.secret import Secret


class AccountNames:
    """Names accounts by their Heroku keys.

    Args:
        shared_key: The Heroku key of apps without one of their own.
        secrets: Secrets of this installation. When one changes, so do the names, and
            the state of each account is learned again.
    """

    def __init__(self, shared_key: Secret, *secrets: Secret) -> None:
        self._shared_key = shared_key
        self._secret = "\n".join(secret.reveal() for secret in secrets).encode()

    def of(self, heroku_key: Secret) -> str:
        """Return the name of a Heroku key's account; empty for the shared one."""
        if not heroku_key or heroku_key == self._shared_key:
            return ""
        digest = hmac.new(self._secret, heroku_key.reveal().encode(), "sha256")
        return digest.hexdigest()[:32]

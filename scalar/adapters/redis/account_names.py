"""What a Heroku account is called in Redis.

Its API key makes the name, so that all apps with one key share one account. A
plain hash of it could be compared with the hashes of guessed keys by whoever reads
Redis; the name is made with secrets that are not in Redis.
"""

from __future__ import annotations

import hmac

from scalar.core.secret import Secret


class AccountNames:
    """Names accounts by their keys.

    Args:
        shared_key: The key of apps without one of their own.
        secrets: Of this installation. If one changes, so do the names, and what
            is known of the accounts is learned again.
    """

    def __init__(self, shared_key: Secret, *secrets: Secret) -> None:
        self._shared_key = shared_key
        self._secret = "\n".join(secret.reveal() for secret in secrets).encode()

    def of(self, key: Secret) -> str:
        """Return the name of a key's account; empty for that of all apps."""
        if not key or key == self._shared_key:
            return ""
        made = hmac.new(self._secret, key.reveal().encode(), "sha256")
        return made.hexdigest()[:32]

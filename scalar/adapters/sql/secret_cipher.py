"""Encryption at rest, with key rotation, for the secrets in the registry.

These are the URLs (which may hold a password), the agents' tokens and the apps' own
Heroku keys. The secret keys come from SCALAR_SECRET_KEY.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from scalar.core.counts_url import CountsUrl
from scalar.core.errors import SecretUnreadable
from scalar.core.secret import NO_SECRET, Secret

#: The prefix of encrypted text.
ENCRYPTED_PREFIX = "fernet:"


class SecretCipher:
    """Encrypts secrets, if there are secret keys; reads plain text as well.

    The first secret key encrypts and every secret key decrypts. To rotate, put the
    new key in front of the old one, re-encrypt, then remove the old one.
    """

    def __init__(self, secret_keys: Secret) -> None:
        texts = [text.strip() for text in secret_keys.reveal().split(",")]
        fernets = [Fernet(text) for text in texts if text]
        self._fernet = MultiFernet(fernets) if fernets else None

    @property
    def encrypts(self) -> bool:
        """Whether there is a secret key, so that secrets are stored encrypted."""
        return self._fernet is not None

    def encrypt_url(self, url: CountsUrl) -> str:
        """Return the text to store for a URL."""
        return self._encrypt(url.reveal())

    def decrypt_url(self, stored: str, app: str) -> CountsUrl:
        """Return the URL in a stored text.

        Raises:
            SecretUnreadable: No secret key decrypts it.
        """
        return CountsUrl.parse(self._decrypt(stored, app, "URL"))

    def encrypt(self, secret: Secret) -> str | None:
        """Return the text to store for a token or Heroku key; None if it is empty."""
        return self._encrypt(secret.reveal()) if secret else None

    def decrypt(self, stored: str | None, app: str, what: str) -> Secret:
        """Return the secret in a stored text.

        Args:
            stored: The text; None if there is no secret.
            app: The app's name, for the error.
            what: What kind of secret it is, for the error.

        Raises:
            SecretUnreadable: No secret key decrypts it.
        """
        return Secret(self._decrypt(stored, app, what)) if stored else NO_SECRET

    def _encrypt(self, text: str) -> str:
        if self._fernet is None:
            return text
        return ENCRYPTED_PREFIX + self._fernet.encrypt(text.encode()).decode()

    def _decrypt(self, stored: str, app: str, what: str) -> str:
        if not stored.startswith(ENCRYPTED_PREFIX):
            return stored
        problem = (
            f'The {what} of app "{app}" is encrypted, and no key in SCALAR_SECRET_KEY '
            "decrypts it. Add the key it was encrypted with, or register the app again"
        )
        if self._fernet is None:
            raise SecretUnreadable(problem)
        try:
            return self._fernet.decrypt(stored.removeprefix(ENCRYPTED_PREFIX)).decode()
        except InvalidToken as exc:
            raise SecretUnreadable(problem) from exc

"""How a URL with a password in it, an agent's token and a Heroku key are stored."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from scalar.core.counts_url import CountsUrl
from scalar.core.errors import SecretUnreadable
from scalar.core.secret import NO_SECRET, Secret

#: What is encrypted begins so.
MARK = "fernet:"


class UrlBox:
    """Encrypts secrets if there are keys; reads plain and encrypted ones.

    The first key encrypts, every key decrypts, so a key is changed by putting
    the new one in front of the old one.
    """

    def __init__(self, keys: Secret) -> None:
        parts = [part.strip() for part in keys.reveal().split(",") if part.strip()]
        self._fernet = MultiFernet([Fernet(key) for key in parts]) if parts else None

    @property
    def encrypts(self) -> bool:
        """Whether what is stored from now on is encrypted."""
        return self._fernet is not None

    def close(self, url: CountsUrl) -> str:
        """Return the text to store for a URL."""
        return self._close(url.reveal())

    def open(self, stored: str, app: str) -> CountsUrl:
        """Return the URL that a stored text holds.

        Raises:
            SecretUnreadable: It is encrypted, and no key fits.
        """
        return CountsUrl.parse(self._open(stored, app, "URL"))

    def close_secret(self, secret: Secret) -> str | None:
        """Return the text to store for a token or a Heroku key; None for none."""
        return self._close(secret.reveal()) if secret else None

    def open_secret(self, stored: str | None, app: str, what: str) -> Secret:
        """Return the secret that a stored text holds.

        Args:
            stored: The text; None for none.
            app: Whose it is.
            what: What it is, in a word.

        Raises:
            SecretUnreadable: It is encrypted, and no key fits.
        """
        return Secret(self._open(stored, app, what)) if stored else NO_SECRET

    def _close(self, text: str) -> str:
        if self._fernet is None:
            return text
        return MARK + self._fernet.encrypt(text.encode()).decode()

    def _open(self, stored: str, app: str, what: str) -> str:
        if not stored.startswith(MARK):
            return stored
        problem = (
            f'The {what} of app "{app}" is encrypted, and SCALAR_SECRET_KEY has no key '
            "that fits. Set the key it was stored with, or register the app again"
        )
        if self._fernet is None:
            raise SecretUnreadable(problem)
        try:
            return self._fernet.decrypt(stored.removeprefix(MARK)).decode()
        except InvalidToken as exc:
            raise SecretUnreadable(problem) from exc

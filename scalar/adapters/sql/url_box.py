"""How a URL with a password in it, and an agent's token, are stored."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from scalar.errors import SecretUnreadable
from scalar.secret import NO_SECRET, CountsUrl, Secret

#: What is encrypted begins so.
MARK = "fernet:"


class UrlBox:
    """Encrypts URLs and tokens if there are keys; reads plain and encrypted ones.

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

    def close_token(self, token: Secret) -> str | None:
        """Return the text to store for a token; None for none."""
        return self._close(token.reveal()) if token else None

    def open_token(self, stored: str | None, app: str) -> Secret:
        """Return the token that a stored text holds.

        Raises:
            SecretUnreadable: It is encrypted, and no key fits.
        """
        return Secret(self._open(stored, app, "token")) if stored else NO_SECRET

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

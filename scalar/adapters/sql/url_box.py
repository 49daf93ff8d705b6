"""How a URL with a password in it is stored."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from scalar.errors import SecretUnreadable
from scalar.secret import CountsUrl, Secret

_MARK = "fernet:"


class UrlBox:
    """Encrypts URLs if there are keys; reads plain and encrypted ones.

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
        """Return the text to store."""
        if self._fernet is None:
            return url.reveal()
        return _MARK + self._fernet.encrypt(url.reveal().encode()).decode()

    def open(self, stored: str, app: str) -> CountsUrl:
        """Return the URL that a stored text holds.

        Raises:
            SecretUnreadable: It is encrypted, and no key fits.
        """
        if not stored.startswith(_MARK):
            return CountsUrl.parse(stored)
        problem = (
            f'The URL of app "{app}" is encrypted, and SCALAR_SECRET_KEY has no key '
            "that fits. Set the key it was stored with, or register the app again"
        )
        if self._fernet is None:
            raise SecretUnreadable(problem)
        try:
            text = self._fernet.decrypt(stored.removeprefix(_MARK)).decode()
        except InvalidToken as exc:
            raise SecretUnreadable(problem) from exc
        return CountsUrl.parse(text)

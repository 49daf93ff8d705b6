"""Encryption at rest, with key rotation, for the secrets in the registry.

These are the URLs (which may hold a password), the agents' tokens and the apps' own
Heroku keys. The secret keys come from SCALAR_SECRET_KEY.

A stored text is bound to its place: it is encrypted with a key that is derived from
the secret key, the app's number, its id on its platform (its name until that is known),
the column and, for what goes to a host, the origin of the app's URL (HKDF, RFC 5869).
Copied to another place it cannot be decrypted, so nobody who can only write to the
database gets a secret sent to another host, nor has an app taken for another one.

    fernet:bound:TOKEN   bound
    fernet:TOKEN         not bound: written by an older version
    anything else        plain text: there was no secret key
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from scalar.core.counts_url import CountsUrl
from scalar.core.errors import SecretUnreadable
from scalar.core.secret import NO_SECRET, Secret

#: The prefix of encrypted text, and of text that is bound to its place as well.
ENCRYPTED_PREFIX = "fernet:"
BOUND_PREFIX = f"{ENCRYPTED_PREFIX}bound:"
#: Keeps derived keys apart from those of any other use of the secret key.
PURPOSE = "heroku-proc-scalar: a secret of the registry, bound to its place"
#: Derived keys that are remembered: deriving one costs as much as decrypting.
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Owner:
    """An app, as its row says which one it is.

    Attributes:
        app_id: The registry's number of the app.
        name: Its name.
        platform_id: Its id on its platform; None until it is known.
    """

    app_id: int
    name: str
    platform_id: str | None = None

    @property
    def context(self) -> list[str | int]:
        """What its secrets are bound to: a name that has no id cannot change."""
        if self.platform_id:
            return [self.app_id, "id", self.platform_id]
        return [self.app_id, "name", self.name]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is stored, and where it may be sent.

    Attributes:
        owner: Whose it is.
        column: The column.
        origin: Scheme, host and port of the app's URL; empty for the URL itself.
    """

    owner: Owner
    column: str
    origin: str = ""


class SecretCipher:
    """Encrypts secrets, if there are secret keys; reads plain text as well.

    The first secret key encrypts and every secret key decrypts. To rotate, put the
    new key in front of the old one, re-encrypt, then remove the old one.
    """

    def __init__(self, secret_keys: Secret, *, refuses_unbound: bool = False) -> None:
        """Initialise it.

        Args:
            secret_keys: SCALAR_SECRET_KEY.
            refuses_unbound: Whether what is not bound to its place is refused.
        """
        texts = [text.strip() for text in secret_keys.reveal().split(",")]
        self._keys = [text for text in texts if text]
        self._refuses_unbound = refuses_unbound
        self._derived = lru_cache(REMEMBERED)(self._derive)

    @property
    def encrypts(self) -> bool:
        """Whether there is a secret key, so that secrets are stored encrypted."""
        return bool(self._keys)

    def lenient(self) -> SecretCipher:
        """Return the same that reads what is not bound, too: to bind it."""
        return SecretCipher(Secret(",".join(self._keys)))

    def encrypt_url(self, url: CountsUrl, place: Place | None = None) -> str:
        """Return the text to store for a URL."""
        return self._encrypt(url.reveal(), place)

    def decrypt_url(self, stored: str, place: Place) -> CountsUrl:
        """Return the URL in a stored text.

        Raises:
            SecretUnreadable: It cannot be decrypted, or is not bound and must be.
        """
        return CountsUrl.parse(self._decrypt(stored, "URL", place))

    def encrypt(self, secret: Secret, place: Place | None = None) -> str | None:
        """Return the text to store for a token or Heroku key; None if it is empty.

        Without a place it is not bound, as older versions expect it.
        """
        return self._encrypt(secret.reveal(), place) if secret else None

    def decrypt(self, stored: str | None, what: str, place: Place) -> Secret:
        """Return the secret in a stored text.

        Args:
            stored: The text; None if there is no secret.
            what: What kind of secret it is, for the error.
            place: Where it stands.

        Raises:
            SecretUnreadable: It cannot be decrypted, or is not bound and must be.
        """
        return Secret(self._decrypt(stored, what, place)) if stored else NO_SECRET

    def _encrypt(self, text: str, place: Place | None) -> str:
        if not self._keys:
            return text
        if place is None:
            return ENCRYPTED_PREFIX + self._plain().encrypt(text.encode()).decode()
        return BOUND_PREFIX + self._derived(place).encrypt(text.encode()).decode()

    def _decrypt(self, stored: str, what: str, place: Place) -> str:
        app = place.owner.name
        is_bound = stored.startswith(BOUND_PREFIX)
        if self._refuses_unbound and not is_bound:
            raise SecretUnreadable(
                f'The {what} of app "{app}" is not bound to this app, so somebody may '
                "have copied it here, and BIND_SECRETS is set. Enter it again with "
                "move-app or set-heroku-key"
            )
        if not stored.startswith(ENCRYPTED_PREFIX):
            return stored
        if not self._keys:
            raise SecretUnreadable(_undecryptable(what, app))
        prefix = BOUND_PREFIX if is_bound else ENCRYPTED_PREFIX
        fernet = self._derived(place) if is_bound else self._plain()
        try:
            return fernet.decrypt(stored.removeprefix(prefix)).decode()
        except InvalidToken as exc:
            hint = _COPIED if is_bound else ""
            raise SecretUnreadable(_undecryptable(what, app) + hint) from exc

    def _plain(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self._keys])

    def _derive(self, place: Place) -> MultiFernet:
        context = [PURPOSE, place.owner.context, place.column, place.origin]
        info = json.dumps(context).encode()
        keys = [
            HKDF(SHA256(), length=32, salt=None, info=info).derive(
                base64.urlsafe_b64decode(key)
            )
            for key in self._keys
        ]
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


#: A text that was moved to another place cannot be told from one of another key.
_COPIED = ". The same happens if it was copied from another app, column or host"


def _undecryptable(what: str, app: str) -> str:
    return (
        f'The {what} of app "{app}" is encrypted, and no key in SCALAR_SECRET_KEY '
        "decrypts it. Add the key it was encrypted with, or register the app again"
    )

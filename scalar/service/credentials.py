"""Set and unset an app's own Heroku key; encrypt what is stored."""

from __future__ import annotations

from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.service.parts import Parts
from scalar.service.registration import as_registered, known_to_heroku


def set_heroku_key(parts: Parts, name: str, heroku_key: Secret, *, check: bool) -> None:
    """Scale an app with a Heroku key of its own, from its next evaluation on.

    Args:
        parts: The ports.
        name: The registered app.
        heroku_key: The key.
        check: Use it to ask Heroku for the app before it is stored.

    Raises:
        AppNotFound: No such app.
        InvalidInput: Heroku has no such app that the key may see.
        PlatformError: Heroku does not accept the key, or cannot be asked.
    """
    parts.registry.app_key(name)
    if check:
        known_to_heroku(parts, as_registered(parts, name, heroku_key))
    parts.registry.set_heroku_key(name, heroku_key)


def unset_heroku_key(parts: Parts, name: str) -> None:
    """Scale an app with the shared Heroku key again.

    Raises:
        AppNotFound: No such app.
    """
    parts.registry.set_heroku_key(name, SHARED_KEY)


def encrypt_secrets(parts: Parts) -> int:
    """Encrypt every stored secret with the first key; return the number of apps.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
    """
    return parts.secrets.reencrypt()


def bind_secrets(parts: Parts) -> int | None:
    """Bind every stored secret to its app; return how many apps.

    Returns None if that was done before. No worker of an older version can read
    them from then on.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
    """
    return parts.secrets.bind()


def unbind_secrets(parts: Parts) -> int:
    """Store every secret as older versions do; return how many apps.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
    """
    return parts.secrets.unbind()

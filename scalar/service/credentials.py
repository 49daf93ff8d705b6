"""Set and unset an app's own Heroku key; encrypt what is stored."""

from __future__ import annotations

from scalar.core.app import AppKey, RegisteredApp
from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.service import orders
from scalar.service.parts import Parts
from scalar.service.registration import as_registered, known_to_heroku
from scalar.service.unless_changed import readable, retried, write_unless_moved


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
        AppChanged: Another command changed its key or its address meanwhile.
    """
    before = readable(parts, name)
    if check:
        known_to_heroku(parts, as_registered(parts, name, heroku_key))
    _set(parts, name, before, heroku_key)


def unset_heroku_key(parts: Parts, name: str) -> None:
    """Scale an app with the shared Heroku key again.

    Raises:
        AppNotFound: No such app.
        AppChanged: Another command changed its key or its address meanwhile.
    """
    _set(parts, name, readable(parts, name), SHARED_KEY)


def encrypt_secrets(parts: Parts) -> int:
    """Encrypt every stored secret with the first key; return the number of apps.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
        AppChanged: Another command changes one of them all the time.
    """
    return retried(parts.secrets.reencrypt)


def bind_secrets(parts: Parts) -> int | None:
    """Bind every stored secret to its app; return how many apps.

    Returns None if that was done before. No worker of an older version can read
    them from then on.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
    """
    return retried(parts.secrets.bind)


def unbind_secrets(parts: Parts) -> int:
    """Store every secret as older versions do; return how many apps.

    Raises:
        SecretUnreadable: One fits none of the keys; nothing is changed.
    """
    return retried(parts.secrets.unbind)


def _set(
    parts: Parts, name: str, before: RegisteredApp | None, heroku_key: Secret
) -> None:
    def write(read: AppKey) -> None:
        event = orders.key_changed(parts, read.name, before, heroku_key)
        parts.registry.set_heroku_key(name, heroku_key, read=read, events=(event,))

    write_unless_moved(parts, name, before, write)

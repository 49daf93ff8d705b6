"""Give an app a Heroku key of its own, or take it away."""

from __future__ import annotations

from scalar.core.heroku_key import SHARED_KEY
from scalar.core.secret import Secret
from scalar.service.parts import Parts
from scalar.service.registration import known_to_heroku


def give_key(parts: Parts, name: str, heroku_key: Secret, *, check: bool) -> None:
    """Let an app be scaled with a key of its own, from its next poll on.

    Args:
        parts: The ports.
        name: The registered app.
        heroku_key: The key.
        check: Ask Heroku for the app with it, before it is stored.

    Raises:
        AppNotFound: No such app.
        InvalidInput: Heroku knows no such app that the key may see.
        PlatformError: Heroku does not accept the key, or cannot be asked.
    """
    if check:
        known_to_heroku(parts, name, heroku_key)
    parts.registry.set_heroku_key(name, heroku_key)


def take_key_away(parts: Parts, name: str) -> None:
    """Let an app be scaled with the key of all apps again.

    Raises:
        AppNotFound: No such app.
    """
    parts.registry.set_heroku_key(name, SHARED_KEY)

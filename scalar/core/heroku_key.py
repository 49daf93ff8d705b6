"""An app's own Heroku API key, and its validation.

An app without one belongs to the account of `HEROKU_API_KEY`.
"""

from __future__ import annotations

import re

from scalar.core.errors import InvalidInput
from scalar.core.secret import HIDDEN, NO_SECRET, Secret

#: Stands for `HEROKU_API_KEY` wherever an app's own key could be.
SHARED_KEY = NO_SECRET
#: What a header can carry; Heroku does not document the format of its keys.
KEY = re.compile(r"[\x21-\x7e]{1,1000}")


def read_key(text: str) -> Secret:
    """Return the key that a person entered.

    Raises:
        InvalidInput: It cannot be a key. The message does not repeat it.
    """
    if text == HIDDEN:
        raise InvalidInput(
            f"The Heroku key is {HIDDEN}, which only stands in for a key"
        )
    if "://" in text:
        raise InvalidInput("The Heroku key must not be a URL")
    if not KEY.fullmatch(text):
        raise InvalidInput(
            "The Heroku key must have 1 to 1000 ASCII characters without white space"
        )
    return Secret(text)

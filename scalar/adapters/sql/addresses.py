"""Map the address of an app to the columns of its row, and back."""

from __future__ import annotations

import json
from typing import Any

from scalar.adapters.sql.secret_cipher import Owner, Place, SecretCipher
from scalar.adapters.sql.tables import AppRow
from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.errors import RegistryError
from scalar.core.reading import Form

#: The columns that `address_from_row` needs, in this order.
COLUMNS = (AppRow.url, AppRow.form, AppRow.token, AppRow.queues)


def address_columns(
    address: CountsAddress, owner: Owner, cipher: SecretCipher
) -> dict[str, Any]:
    """Return the values of an address's columns, its secrets bound to the app."""
    queues = {name: list(queues) for name, queues in address.queues.items()}
    origin = address.url.origin
    return {
        "url": cipher.encrypt_url(address.url, Place(owner, "url")),
        "form": address.form.value,
        "token": cipher.encrypt(address.token, Place(owner, "token", origin)),
        "queues": json.dumps(queues) if queues else None,
    }


def address_from_row(
    row: tuple[Any, ...], owner: Owner, cipher: SecretCipher
) -> CountsAddress:
    """Return the address in the columns of a row.

    Raises:
        SecretUnreadable: The URL or the token cannot be decrypted here.
        RegistryError: A newer program wrote the row, or a person edited it.
    """
    url, form, token, queues = row
    app = owner.name
    if form not in set(Form):
        raise RegistryError(
            f'App "{app}" is registered with the form {form!r}, which this version of '
            "the program does not know. Deploy the newer version again"
        )
    counts_url = cipher.decrypt_url(url, Place(owner, "url"))
    place = Place(owner, "token", counts_url.origin)
    return CountsAddress(
        counts_url,
        Form(form),
        cipher.decrypt(token, "token", place),
        _queues(queues, app) if queues else {},
    )


def _queues(text: str, app: str) -> Queues:
    try:
        return {name: tuple(queues) for name, queues in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise RegistryError(
            f'The queues of app "{app}" cannot be read. Register it again'
        ) from exc

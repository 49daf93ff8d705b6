"""How the address of an app is stored in its row."""

from __future__ import annotations

import json
from typing import Any

from scalar.adapters.sql.tables import AppRow
from scalar.adapters.sql.url_box import UrlBox
from scalar.core.counts_address import CountsAddress, Queues
from scalar.core.errors import RegistryError
from scalar.core.reading import Form

#: What `address_of` needs, in this order.
COLUMNS = (AppRow.url, AppRow.form, AppRow.token, AppRow.queues)


def stored(address: CountsAddress, box: UrlBox) -> dict[str, Any]:
    """Return the values of the columns."""
    queues = {name: list(queues) for name, queues in address.queues.items()}
    return {
        "url": box.close(address.url),
        "form": address.form.value,
        "token": box.close_secret(address.token),
        "queues": json.dumps(queues) if queues else None,
    }


def address_of(row: tuple[Any, ...], app: str, box: UrlBox) -> CountsAddress:
    """Return the address that the columns hold.

    Raises:
        SecretUnreadable: The URL or the token fits none of the keys.
        RegistryError: It was written by a newer program, or by hand.
    """
    url, form, token, queues = row
    if form not in set(Form):
        raise RegistryError(
            f'App "{app}" is registered with the form {form!r}, which this version of '
            "the program does not know. Deploy the newer version again"
        )
    return CountsAddress(
        box.open(url, app),
        Form(form),
        box.open_secret(token, app, "token"),
        _queues(queues, app) if queues else {},
    )


def _queues(text: str, app: str) -> Queues:
    try:
        return {name: tuple(queues) for name, queues in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as exc:
        raise RegistryError(
            f'The queues of app "{app}" cannot be read. Register it again'
        ) from exc

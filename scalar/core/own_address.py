"""Whether the counts of an app are read at its own address on Heroku.

That address changes with the app's name, so it is derived anew after a rename.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from scalar.core.app import RegisteredApp
from scalar.core.counts_address import CountsAddress
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput


def is_own_address(app: RegisteredApp) -> bool:
    """Return whether the URL is at an address that Heroku gave the app.

    That is the last one known, or one that only this name can have: since June 2023
    Heroku appends 12 characters to it. Former names do not count, except of an app
    whose name is not known now: they are other apps' by now.
    """
    url = app.address.url
    if url.is_broker:
        return False
    known = _parsed(app.web_url)
    if known and urlsplit(known.address).netloc == urlsplit(url.address).netloc:
        return True
    names = app.former_names if app.is_unnamed else (app.name,)
    known_as = "|".join(map(re.escape, names))
    return bool(
        re.fullmatch(rf"(?:{known_as})(?:-[0-9a-f]{{12}})?\.herokuapp\.com", url.host)
    )


def address_after(app: RegisteredApp, web_url: str) -> CountsAddress | None:
    """Return the address of a renamed app; None if it stays.

    Args:
        app: The app, as it was registered before.
        web_url: Its own address now; may be empty.
    """
    own = _parsed(web_url)
    if own is None or not is_own_address(app):
        return None
    moved = replace(app.address, url=app.address.url.at(own))
    return None if moved == app.address else moved


def _parsed(url: str) -> CountsUrl | None:
    try:
        return CountsUrl.parse(url)
    except InvalidInput:
        return None

"""URLs that people type: refused in one line, or shown without their secret.

Each `^` in the input is replaced by the same made-up secret. The last check is that
Requests, which parses URLs differently, contacts the host that we mean.
"""

from __future__ import annotations

from urllib.parse import unquote

import requests
from urllib3.util import parse_url

from fuzz.invariants import require, require_one_line
from scalar.core.counts_address import CountsAddress
from scalar.core.counts_url import CountsUrl
from scalar.core.errors import InvalidInput
from scalar.core.secret import redact_input

SECRET = "Zq7xW3kPv9"  # noqa: S105 - a made-up one


def check(data: bytes) -> None:
    """Parse a URL both ways, show it, and compare the host with that of Requests."""
    # As Python decodes arguments that are not UTF-8.
    text = data.decode("utf-8", "surrogateescape").replace("^", SECRET)
    try:
        url = CountsUrl.parse(text)
    except InvalidInput as exc:
        _check_refusal(exc, text)
        return
    hidden = url.password.reveal() or url.user  # a user without a password is a token
    shown = f"{url.address} {url.user if url.password else ''}"
    if SECRET in hidden and SECRET not in shown:
        _check_hidden(str(url), repr(url), url.shown())
    require(CountsUrl.parse(url.reveal()) == url, f"stored differently: {text!r}")
    try:
        address = CountsAddress.parse(text, queues=_queues(url))
    except InvalidInput as exc:
        _check_refusal(exc, text)
        return
    if SECRET in address.token.reveal() and text.count(SECRET) == 1:
        _check_hidden(str(address), repr(address), address.described())
    if not url.is_broker:
        _check_target(address)


def _check_refusal(error: InvalidInput, text: str) -> None:
    require_one_line(error, longest=6 * len(text) + 1_000)
    before, _, rest = text.rpartition("@")
    scheme, _, hidden = before.partition("://")
    if SECRET in hidden and SECRET not in scheme + rest:
        _check_hidden(str(error), redact_input(text))


def _check_hidden(*shown: str) -> None:
    for text in shown:
        require(SECRET not in text, f"the secret is shown: {text!r}")


def _check_target(address: CountsAddress) -> None:
    try:
        prepared = requests.Request("GET", address.request_url()).prepare()
    except (requests.RequestException, ValueError):
        return  # reported when the app is polled
    asked = parse_url(prepared.url or "").host or ""
    meant = address.url.host
    if meant.isascii():  # others are encoded as IDNA
        same = unquote(asked.strip("[]")).lower() == unquote(meant).lower()
        require(same, f"contacts {asked!r}, not {meant!r}")


def _queues(url: CountsUrl) -> dict[str, tuple[str, ...]]:
    return {"worker": ("celery",)} if url.is_broker else {}

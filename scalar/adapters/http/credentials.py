"""Decide which credentials a request carries, and keep them out of messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from scalar.core.counts_address import CountsAddress
from scalar.core.reading import Form


def credentials(address: CountsAddress) -> dict[str, str]:
    """Return the headers with an address's password or token.

    The password is encoded in UTF-8 (RFC 7617). While an app's form is unknown, its
    token is sent in the headers of both forms.
    """
    url, headers = address.url, {}
    token = "" if address.has_token_in_path else address.token.reveal()
    if token and address.form is not Form.SCALAR:
        headers["HireFire-Token"] = token
    if token and address.form is not Form.HIREFIRE and not url.has_credentials:
        headers["Authorization"] = f"Bearer {token}"
    if url.has_credentials:
        pair = f"{url.user}:{url.password.reveal()}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return headers


def keep_order(keep: Mapping[str, int]) -> dict[str, str]:
    """Return the header that tells an app how many dynos of a type will remain."""
    if not keep:
        return {}
    order = ", ".join(f"{name}={number}" for name, number in sorted(keep.items()))
    return {"Scalar-Keep": order.encode("ascii", "replace").decode()}


def is_same_origin(one: str, other: str) -> bool:
    """Return whether two URLs have the same scheme, host and port."""
    return one == other or _origin(one) == _origin(other)


def contains_token(url: str, address: CountsAddress) -> bool:
    """Return whether a URL contains an address's token."""
    token = address.token.reveal()
    return bool(token) and token in unquote(url)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port

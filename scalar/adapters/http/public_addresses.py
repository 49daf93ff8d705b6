"""Refuse connections to addresses that are not public.

The check uses the address that a socket is connected to, never a host name, so that
DNS rebinding cannot bypass it.
"""

from __future__ import annotations

import socket
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

#: Networks that are not public, from IANA's special-purpose address registries. Not
#: `is_global`, which has changed between versions of Python.
_V4 = {
    "an unspecified": ("0.0.0.0/8",),
    "a private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "a shared": ("100.64.0.0/10",),
    "a loopback": ("127.0.0.0/8",),
    "a link-local": ("169.254.0.0/16",),
    "a documentation": ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    "a benchmarking": ("198.18.0.0/15",),
    "a multicast": ("224.0.0.0/4",),
    "a reserved": ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"),
}
_V6 = {
    "an unspecified": ("::/128",),
    "a loopback": ("::1/128",),
    "a private": ("fc00::/7", "fec0::/10", "64:ff9b:1::/48"),
    "a link-local": ("fe80::/10",),
    "a documentation": ("2001:db8::/32", "3fff::/20"),
    "a multicast": ("ff00::/8",),
    "a reserved": ("2001::/23",),
}
#: Networks whose addresses embed an IPv4 address, and the number of bits after it:
#: mapped, compatible, NAT64 and 6to4.
_EMBED_V4 = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
_PUBLIC_V6 = IPv6Network("2000::/3")

_Address = IPv4Address | IPv6Address
_Kinds = tuple[tuple[str, IPv4Network | IPv6Network], ...]


def _kinds(networks: dict[str, tuple[str, ...]]) -> _Kinds:
    return tuple(
        (kind, ip_network(text)) for kind, texts in networks.items() for text in texts
    )


_KINDS: dict[int, _Kinds] = {4: _kinds(_V4), 6: _kinds(_V6)}


class AddressRefused(OSError):
    """The connection led to an address that is not public; it was closed."""


def only_public(connection: socket.socket) -> socket.socket:
    """Return a connection if its peer is public; otherwise close it.

    Raises:
        AddressRefused: The peer is not public.
        OSError: The connection has ended already.
    """
    try:
        _check(connection.getpeername()[0])
    except BaseException:
        connection.close()
        raise
    return connection


def why_not_public(text: str) -> str | None:
    """Return why an address is not public, e.g. "a private address"; None if it is."""
    address = ip_address(text)
    kind = _kind(address)
    if kind:
        return f"{kind} address"
    embedded = _embedded_v4(address)
    if embedded is not None:
        kind = _kind(embedded)
        return f"an alias of {embedded}, {kind} address" if kind else None
    is_public = address.version == 4 or address in _PUBLIC_V6  # noqa: PLR2004 - IPv4
    return None if is_public else "a reserved address"


def _check(address: str) -> None:
    why = why_not_public(address)
    if why:
        raise AddressRefused(
            f"refused: {address} is {why}; ALLOW_PRIVATE_ADDRESSES=true permits it"
        )


def _kind(address: _Address) -> str | None:
    kinds = _KINDS[address.version]
    return next((kind for kind, network in kinds if address in network), None)


def _embedded_v4(address: _Address) -> IPv4Address | None:
    """Return the IPv4 address embedded in an IPv6 address; None if there is none."""
    for network, bits_after in _EMBED_V4:
        if address in network:
            return IPv4Address(int(address) >> bits_after & 0xFFFFFFFF)
    return None

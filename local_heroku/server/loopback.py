"""Loopback addresses, whose clients may use the control routes."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_loopback(address: str | None) -> bool:
    """Return whether the address of a client is a loopback address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    # Python 3.11 and 3.12 do not recognise ::ffff:127.0.0.1 themselves.
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback

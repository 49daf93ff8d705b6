"""Who may steer the server: clients on the same machine."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_on_this_machine(address: str | None) -> bool:
    """Say whether a client's address is a loopback address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    # Python 3.11 and 3.12 do not look into ::ffff:127.0.0.1 themselves.
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback

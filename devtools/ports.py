"""Free TCP ports of this machine."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a free TCP port of 127.0.0.1.

    Another process may take it before you use it: bind port 0 yourself if possible.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""The TLS context that all HTTP of a process shares.

Without a shared one the CA bundle is read again for each connection, which costs more
than the rest of a poll.
"""

from __future__ import annotations

import ssl

import certifi


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Return a context that trusts the usual authorities, and those in one more file.

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context

"""Connect to one of an app's brokers, of which some may be gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def connect_to_any(
    app: Any, timeout: float, options: Mapping[str, Any], *, retries: int = 0
) -> Any:
    """Return a connection to the first of an app's brokers that can be reached.

    Each is tried once.

    Args:
        app: The Celery app.
        timeout: Seconds for all of them together.
        options: The transport's options.
        retries: How often to try again, if there is only one.

    Raises:
        Exception: None can be reached; the error depends on the transport.
    """
    brokers = len(app.connection_for_read().alt) or 1
    share = timeout / brokers
    connection = app.connection_for_read(
        connect_timeout=share,
        transport_options={**options, "socket_connect_timeout": share},
    )
    connection.ensure_connection(
        max_retries=max(retries, brokers - 1), interval_start=0, interval_step=0
    )
    return connection

"""Wait for PostgreSQL for a while only.

Its own timeouts are kept by the server. One that is gone without a word (a failover, a
firewall that forgets) keeps none, and TCP goes on for minutes.
"""

from __future__ import annotations

import select
import time
from typing import Any

from psycopg2 import OperationalError, extensions

from scalar.adapters.deadline import DeadlineExceeded, seconds_left

#: Seconds for one statement (the server's own limit is shorter), and for connecting.
LONGEST_WAIT, LONGEST_CONNECTING = 12.0, 5.0
#: Seconds for one at least, even if the evaluation's time is up: its last one writes
#: what was done to the journal.
SHORTEST_WAIT = 2.0


def install() -> None:
    """Let all connections of this process wait with a timeout."""
    extensions.set_wait_callback(_wait)


def connect(dialect: Any, _: object, args: Any, options: dict[str, Any]) -> Any:
    """Connect; name the server if that fails, which libpq does not always do."""
    try:
        return dialect.connect(*args, **options)
    except OperationalError as exc:
        server = f"{options.get('host', '')}:{options.get('port', '')}".strip(":")
        if not server or str(options.get("host")) in str(exc):
            raise
        raise OperationalError(f"{server}: {str(exc).strip()}") from exc


def _wait(connection: Any) -> None:
    """Wait until a statement, or connecting, is done; psycopg2 calls this.

    Raises:
        OperationalError: It took too long; psycopg2 closes the connection.
    """
    is_new = connection.status == extensions.STATUS_SETUP
    end = time.monotonic() + _limit(LONGEST_CONNECTING if is_new else LONGEST_WAIT)
    while (state := connection.poll()) != extensions.POLL_OK:
        left = end - time.monotonic()
        if left <= 0 or not _ready(connection.fileno(), state, left):
            raise OperationalError("no answer in time")


def _limit(longest: float) -> float:
    try:
        return max(seconds_left(longest), min(longest, SHORTEST_WAIT))
    except DeadlineExceeded:
        return SHORTEST_WAIT


def _ready(file: int, state: int, seconds: float) -> bool:
    """Wait until a socket can be read or written; return whether it can."""
    kind = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
    poll = select.poll()
    poll.register(file, kind)
    return bool(poll.poll(seconds * 1_000))
